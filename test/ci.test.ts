import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ROOT } from '../root.ts'

/** What runs in CI, with an `npm` that only says what became of its levels. */
let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ordersaga-ci-'))
  mkdirSync(path.join(folder, 'bin'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function program(name: string, script: string): void {
  const file = path.join(folder, 'bin', name)
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
}

/** @param levels what `npm test` and `npm run test:ci` do. */
function run(levels: { test: string; ci: string }) {
  program('npm', `case "$1" in test) ${levels.test} ;; run) ${levels.ci} ;; esac`)
  // They are there: nothing is installed.
  program('docker-compose', 'exit 0')
  program('python3', 'exit 0')
  program('chromium', 'exit 0')
  const env = {
    ...process.env,
    PATH: `${folder}/bin:${process.env['PATH']}`,
    RESULTS: path.join(folder, 'results'),
  }
  const { status, stdout } = spawnSync('sh', [path.join(ROOT, '.ci', 'run')], { env, encoding: 'utf8' })
  return { status, lines: stdout.trim().split('\n') }
}

const tested = (passed: number, failed: number) =>
  `echo '{"numPassedTests":${passed},"numFailedTests":${failed}}' >"$RESULTS/test.json"; exit ${failed}`
/** @param passed of the contract; two more pass in the browser. */
const ci = (passed: number, failed: number) =>
  `echo '{"passed":${passed},"failed":${failed}}' >"$RESULTS/contract.json"; ` +
  `echo '{"numPassedTests":2,"numFailedTests":0}' >"$RESULTS/browser.json"; exit ${failed}`

describe('.ci/run', () => {
  it('closes with the tests of all levels, after the time of each', () => {
    const { status, lines } = run({ test: tested(10, 0), ci: ci(5, 0) })
    expect(lines.at(-1)).toBe('17 passed, 0 failed')
    expect(lines.slice(0, 2)).toEqual([
      expect.stringMatching(/^npm test: \d+ s, 10 passed, 0 failed$/),
      expect.stringMatching(/^npm run test:ci: \d+ s, 7 passed, 0 failed$/),
    ])
    expect(status).toBe(0)
  })

  it.each([
    ['the first', { test: tested(9, 1), ci: ci(5, 0) }, '16 passed, 1 failed'],
    ['the second', { test: tested(10, 0), ci: ci(3, 2) }, '15 passed, 2 failed'],
  ])('runs every level, and fails when %s does', (_which, levels, total) => {
    const { status, lines } = run(levels)
    expect([status, lines.at(-1)]).toEqual([1, total])
  })

  it.each([
    ['with another status', { test: tested(10, 0), ci: 'exit 3' }, 3],
    ['as if all were well', { test: tested(10, 0), ci: 'exit 0' }, 0],
  ])('counts a level that ended before it had counted as failed: %s', (_how, levels, left) => {
    const { status, lines } = run(levels)
    expect(lines.at(-2)).toContain(`it ended with status ${left} before it had counted its tests`)
    expect([status, lines.at(-1)]).toEqual([1, '10 passed, 1 failed'])
  })

  it('counts a level that failed besides its tests as failed', () => {
    const { status, lines } = run({
      test: 'echo "{\\"numPassedTests\\":10,\\"numFailedTests\\":0}" >"$RESULTS/test.json"; exit 1',
      ci: ci(5, 0),
    })
    expect([status, lines.at(-1)]).toEqual([1, '17 passed, 1 failed'])
  })
})
