import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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

/** @param levels what `npm test`, `npm run test:ci` and `npm run audit` do. */
function run(levels: { test: string; ci: string; audit?: string }) {
  const { test, ci, audit = audited(1, 0) } = levels
  program(
    'npm',
    `case "$*" in test*) ${test} ;; "run test:ci") ${ci} ;; "run audit") ${audit} ;; *) exit 9 ;; esac`,
  )
  // They are there: nothing is installed.
  program('docker-compose', 'exit 0')
  program('python3', 'exit 0')
  program('chromium', 'exit 0')
  program('prometheus', 'exit 0')
  program('promtool', 'exit 0')
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
/** @param passed of the contract; two more pass in the browser, and three on whole systems. */
const ci = (passed: number, failed: number) =>
  `echo '{"numPassedTests":3,"numFailedTests":0}' >"$RESULTS/systems.json"; ` +
  `echo '{"passed":${passed},"failed":${failed}}' >"$RESULTS/contract.json"; ` +
  `echo '{"numPassedTests":2,"numFailedTests":0}' >"$RESULTS/browser.json"; exit ${failed}`
const audited = (passed: number, failed: number) =>
  `echo '{"passed":${passed},"failed":${failed}}' >"$RESULTS/audit.json"; exit ${failed}`

describe('.ci/run', () => {
  it('closes with the tests of all levels, after the time of each', () => {
    const { status, lines } = run({ test: tested(10, 0), ci: ci(5, 0) })
    expect(lines.at(-1)).toBe('21 passed, 0 failed')
    expect(lines.slice(0, 3)).toEqual([
      expect.stringMatching(/^npm test: \d+ s, 10 passed, 0 failed$/),
      expect.stringMatching(/^npm run test:ci: \d+ s, 10 passed, 0 failed$/),
      expect.stringMatching(/^npm run audit: \d+ s, 1 passed, 0 failed$/),
    ])
    expect(status).toBe(0)
  })

  it.each([
    ['the first', { test: tested(9, 1), ci: ci(5, 0) }, '20 passed, 1 failed'],
    ['the second', { test: tested(10, 0), ci: ci(3, 2) }, '19 passed, 2 failed'],
    ['the third', { test: tested(10, 0), ci: ci(5, 0), audit: audited(1, 1) }, '21 passed, 1 failed'],
  ])('runs every level, and fails when %s does', (_which, levels, total) => {
    const { status, lines } = run(levels)
    expect([status, lines.at(-1)]).toEqual([1, total])
  })

  it.each([
    ['with another status', { test: tested(10, 0), ci: 'exit 3' }, 3],
    ['as if all were well', { test: tested(10, 0), ci: 'exit 0' }, 0],
  ])('counts a level that ended before it had counted as failed: %s', (_how, levels, left) => {
    const { status, lines } = run(levels)
    expect(lines.at(-3)).toContain(`it ended with status ${left} before it had counted its tests`)
    expect([status, lines.at(-1)]).toEqual([1, '11 passed, 1 failed'])
  })

  it('counts a level that failed besides its tests as failed', () => {
    const { status, lines } = run({
      test: 'echo "{\\"numPassedTests\\":10,\\"numFailedTests\\":0}" >"$RESULTS/test.json"; exit 1',
      ci: ci(5, 0),
    })
    expect([status, lines.at(-1)]).toEqual([1, '21 passed, 1 failed'])
  })
})

describe('.ci/audit.mjs', () => {
  const ofLevel = (high: number, critical: number, packages = {}) => ({
    vulnerabilities: packages,
    metadata: {
      vulnerabilities: { info: 0, low: 2, moderate: 1, high, critical, total: 3 + high + critical },
    },
  })
  const signed = { invalid: [], missing: [] }

  /** @param answers what npm prints for each of its two commands, or what it does instead. */
  function audit(
    answers: { vulnerabilities: object | string; signatures: object | string },
    settings: { AUDIT_LIMIT_MS?: string } = {},
  ) {
    const act = (answer: object | string) =>
      typeof answer === 'string' ? answer : `cat <<'END'\n${JSON.stringify(answer)}\nEND`
    program(
      'npm',
      `case "$*" in\n"audit --omit=dev "*)\n${act(answers.vulnerabilities)}\n;;\n"audit signatures "*)\n${act(answers.signatures)}\n;;\nesac`,
    )
    const env = {
      ...process.env,
      ...settings,
      PATH: `${folder}/bin:${process.env['PATH']}`,
      RESULTS: folder,
    }
    const { status, stdout } = spawnSync(process.execPath, [path.join(ROOT, '.ci', 'audit.mjs')], {
      env,
      encoding: 'utf8',
    })
    const counts: unknown = JSON.parse(readFileSync(path.join(folder, 'audit.json'), 'utf8'))
    return { status, counts, lines: stdout.trim().split('\n') }
  }

  it('passes packages without a severe vulnerability that are as they were signed, and names how many have another', () => {
    const { status, counts, lines } = audit({ vulnerabilities: ofLevel(0, 0), signatures: signed })
    expect(lines).toEqual([
      'npm audit --omit=dev: no vulnerability of severity high or critical, 3 of a lower one',
      'npm audit signatures: each installed package is as it was signed',
    ])
    expect([status, counts]).toEqual([0, { passed: 2, failed: 0 }])
  })

  it.each([
    [
      'high',
      ofLevel(1, 0, { left: { name: 'left', severity: 'high' }, low: { name: 'x', severity: 'low' } }),
    ],
    ['critical', ofLevel(0, 1, { left: { name: 'left', severity: 'critical' } })],
  ])('fails for a vulnerability of severity %s, and names its package', (severity, vulnerabilities) => {
    const { status, counts, lines } = audit({ vulnerabilities, signatures: signed })
    expect(lines[0]).toBe(`npm audit --omit=dev: left has a vulnerability (${severity})`)
    expect([status, counts]).toEqual([1, { passed: 1, failed: 1 }])
  })

  it.each([
    ['is not as it was signed', { invalid: [{ name: 'left', version: '1.0.0' }], missing: [] }],
    ['has no signature', { invalid: [], missing: [{ name: 'left', version: '1.0.0' }] }],
  ])('fails for a package that %s', (what, signatures) => {
    const { status, counts, lines } = audit({ vulnerabilities: ofLevel(0, 0), signatures })
    expect(lines[1]).toContain(`npm audit signatures: left@1.0.0 ${what}`)
    expect([status, counts]).toEqual([1, { passed: 1, failed: 1 }])
  })

  it.each([
    ['refuses the method', { message: '405 Method Not Allowed', statusCode: 405, error: { summary: '' } }],
    ['answers with a page', { message: 'invalid json response body', error: { summary: '' } }],
    ['has no such path', { error: { code: 'E404', summary: 'not found' } }],
    ['cannot be reached', { error: { code: 'ENOTFOUND', summary: 'getaddrinfo ENOTFOUND' } }],
    ['has no keys', { error: { summary: 'found no dependencies to audit from a supported registry' } }],
  ])('says that nothing was checked, and counts nothing, where the registry %s', (_what, answer) => {
    const { status, counts, lines } = audit({ vulnerabilities: answer, signatures: answer })
    for (const line of lines) expect(line).toContain(': not checked, the registry does not answer: ')
    expect([status, counts, lines.length]).toEqual([0, { passed: 0, failed: 0 }, 2])
  })

  it.each([
    [
      'an error of its own',
      { error: { code: 'ENOLOCK', summary: 'needs a lock file' } },
      'needs a lock file',
    ],
    ['no report', 'echo broken >&2; exit 1', 'broken'],
  ])('fails where npm itself ends with %s: that is no silent registry', (_what, answer, said) => {
    const { status, counts, lines } = audit({ vulnerabilities: answer, signatures: signed })
    expect(lines[0]).toBe(`npm audit --omit=dev: npm could not look: ${said}`)
    expect([status, counts]).toEqual([1, { passed: 1, failed: 1 }])
  })
})

describe('the lock file', () => {
  it('has the hash of each package, also of those for other systems than this one', () => {
    const { packages } = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { integrity?: string }>
    }
    const { '': _own, ...others } = packages
    expect(Object.keys(others).length).toBeGreaterThan(500)
    expect(Object.keys(others).filter((name) => !others[name]?.integrity)).toEqual([])
  })
})

describe('npm run sbom', () => {
  it('lists each package of production with its licence and hash, and none that is for development only', () => {
    const file = path.join(folder, 'sbom.json')
    const { status } = spawnSync(process.execPath, [path.join(ROOT, '.ci', 'sbom.mjs'), file])
    const bom = JSON.parse(readFileSync(file, 'utf8')) as Bom
    const { dependencies, devDependencies, version } = JSON.parse(
      readFileSync(path.join(ROOT, 'package.json'), 'utf8'),
    ) as Record<'dependencies' | 'devDependencies', Record<string, string>> & { version: string }
    const listed = new Set(bom.components.map((component) => component['bom-ref']))
    const refs = (packages: Record<string, string>) => Object.entries(packages).map((each) => each.join('@'))
    expect([status, bom.metadata.component]).toMatchObject([0, { name: 'ordersaga', version }])
    expect(refs(dependencies).filter((ref) => !listed.has(ref))).toEqual([])
    expect(['oxlint', 'vitest'].filter((name) => listed.has(`${name}@${devDependencies[name]}`))).toEqual([])
    const without = (what: 'licenses' | 'hashes') =>
      bom.components.flatMap((component) => (component[what]?.length ? [] : [component.name]))
    expect(without('hashes')).toEqual([])
    // It is in the public domain, and says so in its LICENSE alone.
    expect(without('licenses')).toEqual(['unionfs'])
    const known = new Set([...listed, `ordersaga@${version}`])
    const unknown = bom.dependencies.flatMap(({ ref, dependsOn }) =>
      [ref, ...dependsOn].filter((each) => !known.has(each)),
    )
    expect(unknown).toEqual([])
  })
})

/** What is looked at here, of CycloneDX. */
interface Bom {
  metadata: { component: object }
  components: { 'bom-ref': string; name: string; licenses?: object[]; hashes?: object[] }[]
  dependencies: { ref: string; dependsOn: string[] }[]
}
