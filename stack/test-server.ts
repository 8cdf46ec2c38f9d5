import { existsSync } from 'node:fs'
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { TestWorkflowEnvironment } from '@temporalio/testing'
import type { Config } from '../config.ts'
import { installInto, onPath, runSlowly } from './download.ts'
import { firstWay, installFromArchive, PLATFORM, requireSum, sha256Of, type Sums } from './locate.ts'
import { CACHE } from './places.ts'

const ARTEFACT = { group: 'io.temporal', name: 'temporal-test-server', version: '1.38.0' }
const RELEASE = `${ARTEFACT.name}_${ARTEFACT.version}_${PLATFORM.replace('-', '_')}`
const DOWNLOADS = 'https://github.com/temporalio/sdk-java/releases/download'

/** Of the other platforms none is known: there the artefact of Maven is used. */
const SUMS: Sums = {
  'linux-amd64': '41df834fe8e1ac59619e13908f41b63e4d1054f37634a2f89033d8cf6af71b96',
}

/** Of what Maven brings for it: the SHA-256 of the lines "<SHA-256>  <name>" of all jars, by name. */
const JARS_SUM = 'bb7a46081eddc18177c24a06edde11c2776fe6707fb31f5a76f6f927a78ee9ec'

/**
 * Starts Temporal's time-skipping test server: the one that TEMPORAL_TEST_SERVER_PATH names, one that was got earlier,
 * a download, or the Maven artefact where Java and Maven are installed.
 * @throws Error that names every way to get one.
 */
export async function startTestServer(
  config: Pick<Config, 'TEMPORAL_TEST_SERVER_PATH'>,
  log: (line: string) => void,
): Promise<TestWorkflowEnvironment> {
  const existing = (file: string) =>
    TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path: file } },
    })
  const named = config.TEMPORAL_TEST_SERVER_PATH
  if (named !== undefined) return existing(named)
  const built = path.join(CACHE, `${ARTEFACT.name}-${ARTEFACT.version}`)
  const launcher = path.join(built, 'launch.sh')
  if (existsSync(launcher)) return existing(launcher)
  const downloaded = path.join(CACHE, RELEASE)
  if (existsSync(downloaded)) return existing(downloaded)
  const archive = {
    url: `${DOWNLOADS}/v${ARTEFACT.version}/${RELEASE}.tar.gz`,
    sha256: SUMS[PLATFORM],
    member: `${RELEASE}/${ARTEFACT.name}`,
    // It has no option that would say so.
    works: existsSync,
    title: 'the Temporal test server',
  }
  return firstWay(
    {
      async download() {
        return existing(await installFromArchive(archive, downloaded, log))
      },
      async build() {
        await buildWithMaven(built, log)
        return existing(launcher)
      },
    },
    {
      title: 'No time-skipping test server was found',
      advice: 'Set TEMPORAL_TEST_SERVER_PATH to one, or install Java and Maven.',
    },
  )
}

async function buildWithMaven(place: string, log: (line: string) => void): Promise<void> {
  if ((await onPath('java')) === undefined) throw new Error('Java is not installed')
  if ((await onPath('mvn')) === undefined) throw new Error('Maven is not installed')
  await installInto(place, async (scratch) => {
    const pom = path.join(scratch, 'pom.xml')
    await writeFile(pom, POM)
    await runSlowly(
      'fetching the Temporal test server with Maven, once',
      'mvn',
      [
        '--batch-mode',
        '--quiet',
        '--strict-checksums',
        '--file',
        pom,
        'dependency:copy-dependencies',
        `-DoutputDirectory=${scratch}/jars`,
      ],
      log,
    )
    requireSum('the test server', 'Maven', await sumOfJars(path.join(scratch, 'jars')), JARS_SUM, log)
    const launcher = path.join(scratch, 'launch.sh')
    await writeFile(
      launcher,
      `#!/bin/sh\nexec java -cp '${place}/jars/*' io.temporal.testserver.TestServer "$1"\n`,
    )
    await chmod(launcher, 0o755)
    return scratch
  })
}

/** @param folder of jars, e.g. those that Maven fetched. */
async function sumOfJars(folder: string): Promise<string> {
  const names = (await readdir(folder)).toSorted()
  const sums = await Promise.all(
    names.map(async (name) => `${sha256Of(await readFile(path.join(folder, name)))}  ${name}\n`),
  )
  return sha256Of(Buffer.from(sums.join('')))
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>ordersaga</groupId>
  <artifactId>test-server</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>${ARTEFACT.group}</groupId>
      <artifactId>${ARTEFACT.name}</artifactId>
      <version>${ARTEFACT.version}</version>
    </dependency>
  </dependencies>
</project>
`
