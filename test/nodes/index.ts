import { spawnSync } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'
import { ROOT } from '../../root.ts'
import { installNodes, type Node } from './install.ts'

/**
 * The first part of `npm run test:matrix`: the unit tests, and the system of `npm start` from its start over orders and
 * kills to its stop, on the oldest Node that is supported and on the one that is recommended.
 */
const LEVELS = [
  ['--project', 'unit'],
  ['--project', 'e2e', 'test/e2e/start.e2e.test.ts'],
]

const say = (line: string) => void process.stdout.write(`${line}\n`)

/** What the tests start by the name `node` is this Node too. */
function run({ executable }: Node, level: readonly string[]): boolean {
  const PATH = `${path.dirname(executable)}${path.delimiter}${process.env['PATH']}`
  const args = [path.join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...level]
  return (
    spawnSync(executable, args, { cwd: ROOT, env: { ...process.env, PATH }, stdio: 'inherit' }).status === 0
  )
}

try {
  const results: string[] = []
  for (const node of await installNodes(say))
    for (const level of LEVELS) {
      const began = Date.now()
      const isPassed = run(node, level)
      const seconds = Math.round((Date.now() - began) / 1000)
      results.push(
        `Node ${node.version}, vitest ${level.join(' ')}: ${seconds} s, ${isPassed ? 'passed' : 'failed'}`,
      )
      if (!isPassed) process.exitCode = 1
    }
  say(results.join('\n'))
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
