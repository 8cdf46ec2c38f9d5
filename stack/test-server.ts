import { existsSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { TestWorkflowEnvironment } from '@temporalio/testing'
import type { Config } from '../config.ts'
import { installInto, onPath, runSlowly } from './download.ts'
import { firstWay } from './locate.ts'
import { CACHE } from './places.ts'

const ARTEFACT = { group: 'io.temporal', name: 'temporal-test-server', version: '1.38.0' }

/**
 * Starts Temporal's time-skipping test server: the one that TEMPORAL_TEST_SERVER_PATH names, one built earlier, a
 * download, or the Maven artefact where Java and Maven are installed.
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
  return firstWay(
    {
      download() {
        log('downloading the Temporal test server …')
        return TestWorkflowEnvironment.createTimeSkipping()
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
        '--file',
        pom,
        'dependency:copy-dependencies',
        `-DoutputDirectory=${scratch}/jars`,
      ],
      log,
    )
    const launcher = path.join(scratch, 'launch.sh')
    await writeFile(
      launcher,
      `#!/bin/sh\nexec java -cp '${place}/jars/*' io.temporal.testserver.TestServer "$1"\n`,
    )
    await chmod(launcher, 0o755)
    return scratch
  })
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
