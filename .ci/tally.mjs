// Adds up what the levels of `.ci/run` have counted, each in files of its own. A level that ended badly without having
// counted a failure is one.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'

/** By the command of a level: the files that it leaves, and what they have counted. */
const FILES = {
  test: ['test.json'],
  'run test:ci': ['systems.json', 'contract.json', 'browser.json'],
  'run audit': ['audit.json'],
}

const [folder = ''] = process.argv.slice(2)
const total = { passed: 0, failed: 0 }
for (const line of readFileSync(path.join(folder, 'levels'), 'utf8').trim().split('\n')) {
  const [, status, seconds, command = ''] = /^(\d+) (\d+) npm (.*?)(?: -- .*)?$/.exec(line) ?? []
  const counts = FILES[command].map((file) => countsIn(path.join(folder, file)))
  const isUncounted = counts.includes(undefined)
  const passed = sum(counts, 'passed')
  const failed = Math.max(sum(counts, 'failed'), status === '0' && !isUncounted ? 0 : 1)
  total.passed += passed
  total.failed += failed
  const why = isUncounted ? `: it ended with status ${status} before it had counted its tests` : ''
  process.stdout.write(`npm ${command}: ${seconds} s, ${passed} passed, ${failed} failed${why}\n`)
}
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`)
process.exitCode = total.failed === 0 ? 0 : 1

/** @param {string} file of Vitest, or of a level of our own. */
function countsIn(file) {
  if (!existsSync(file)) return undefined
  const {
    numPassedTests,
    numFailedTests,
    passed = numPassedTests,
    failed = numFailedTests,
  } = JSON.parse(readFileSync(file, 'utf8'))
  return { passed, failed }
}

/** @param {({ passed: number, failed: number } | undefined)[]} counts @param {'passed' | 'failed'} what */
function sum(counts, what) {
  return counts.reduce((all, each) => all + (each?.[what] ?? 0), 0)
}
