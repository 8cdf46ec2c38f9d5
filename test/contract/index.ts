import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { makeApiKey } from '../../api-key.ts'
import { ROOT } from '../../root.ts'
import type { Stack } from '../../stack/stack.ts'
import { startThrowawayStack } from '../../stack/throwaway.ts'
import { fill, keepMoving } from './contents.ts'
import { installSchemathesis, runSchemathesis } from './schemathesis.ts'
import { countVerdicts } from './verdicts.ts'

/**
 * `npm run test:contract`: brings up the system of `npm start` with something of everything in it, on ports and data of
 * its own, and has Schemathesis hold it against the document that it publishes. The counts are left in a file.
 */
const FOLDER = path.join(ROOT, '.cache', 'contract')
/** Where `.ci/run` looks for the counts of every level. */
const RESULTS = process.env['RESULTS'] ?? path.join(ROOT, '.cache', 'results')

/**
 * With these the intake can be paused and the providers be broken, so that no order would end any more: they are tried
 * last.
 */
const DISRUPTIVE = ['putOperationsMaintenance', 'putDevelopmentFaults']

/** Tried by itself, where nothing has taught it the name of a process: none is killed while it is asked for others. */
const KILL = 'postDevelopmentProcessesNameKill'

const each = (option: string, ids: readonly string[]) => ids.flatMap((id) => [option, id])

const RUNS = [
  { name: 'all that is harmless', which: each('--exclude-operation-id', [...DISRUPTIVE, KILL]) },
  { name: 'kill', which: each('--include-operation-id', [KILL]) },
  { name: 'disruptive', which: each('--include-operation-id', DISRUPTIVE) },
]

/** Who asks: without a key, nobody is to be served. */
const { key } = makeApiKey()

const say = (line: string) => void process.stdout.write(`${line}\n`)

/** What the processes log of faults; the rest is routine. */
const lines = (name: string) => (line: string) => {
  if (!line.startsWith('{') || line.includes('"request failed"')) say(`    ${name} ${line}`)
}

async function check(stack: Stack, python: string, key: string) {
  const counts = { passed: 0, failed: 0 }
  for (const { name, which } of RUNS) {
    const events = path.join(FOLDER, `${name.replaceAll(' ', '-')}.ndjson`)
    const code = await runSchemathesis(python, stack.apiUrl, events, [
      '--header',
      `Authorization: Bearer ${key}`,
      ...which,
    ])
    const { passed, failed } = countVerdicts(await readFile(events, 'utf8').catch(() => ''))
    if (passed + failed === 0) throw new Error(`Schemathesis tried nothing (${name}, exit code ${code}).`)
    counts.passed += passed
    // It may also end badly for what is no operation's fault.
    counts.failed += code === 0 ? failed : Math.max(failed, 1)
  }
  return counts
}

let stack: Stack | undefined
try {
  await rm(FOLDER, { recursive: true, force: true })
  await mkdir(FOLDER, { recursive: true })
  const python = await installSchemathesis(say)
  // What is parked is tried again after a minute, and sooner at this pace: there is less to wait for.
  stack = await startThrowawayStack(lines, {
    SAGA_PACE: 0.1,
    SANDBOX: true,
    BOOTSTRAP_ADMIN_KEY: key,
  })
  for (const [name, ids] of Object.entries(await fill(stack, key)))
    await writeFile(path.join(FOLDER, `${name}.dict`), ids.map((id) => `"${id}"\n`).join(''))
  const moving = keepMoving(stack, key)
  const counts = await check(stack, python, key).finally(() => moving.stop())
  await mkdir(RESULTS, { recursive: true })
  await writeFile(path.join(RESULTS, 'contract.json'), JSON.stringify(counts))
  say(`${counts.passed} passed, ${counts.failed} failed`)
  process.exitCode = counts.failed === 0 ? 0 : 1
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
} finally {
  await stack?.stop()
}
process.exit()
