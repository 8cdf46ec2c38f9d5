// Asks the registry, through npm, what it knows against the packages of the lock file: vulnerabilities of what runs in
// production, and packages that are not as they were signed. A registry that does not answer is reported, and is no
// failure: the code has not changed for it. What is counted goes to $RESULTS/audit.json, for `.ci/tally.mjs`.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'

const LIMIT_MS = Number(process.env.AUDIT_LIMIT_MS ?? 180_000)

/** Without these, npm waits for minutes, and takes its own silence under `offline` for an answer. */
const NPM_OPTIONS = ['--json', '--offline=false', '--fetch-retries=1', '--fetch-retry-mintimeout=1000']

/** Of npm: the network is away, the registry answers with a status, or with what is no JSON. */
const NOT_ANSWERED =
  /^(E\d{3}|ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|ENET\w+|EHOST\w+|EPIPE|EPROTO|FETCH_ERROR|ERR_(?:SOCKET|TLS|SSL)\w*|\w*CERT\w*)$/

/** A registry without keys to hold signatures against. */
const NO_KEYS = /supported registry/

const CHECKS = [
  { command: ['audit', '--omit=dev'], verdictOf: ofVulnerabilities },
  { command: ['audit', 'signatures'], verdictOf: ofSignatures },
]

const counts = { passed: 0, failed: 0 }
for (const { command, verdictOf } of CHECKS) {
  const { verdict, why } = ask(command, verdictOf)
  if (verdict !== 'unanswered') counts[verdict] += 1
  process.stdout.write(`npm ${command.join(' ')}: ${why}\n`)
}
const results = process.env.RESULTS ?? path.join(import.meta.dirname, '..', '.cache', 'results')
mkdirSync(results, { recursive: true })
writeFileSync(path.join(results, 'audit.json'), JSON.stringify(counts))
process.exitCode = counts.failed === 0 ? 0 : 1

/** @returns {{ verdict: 'passed' | 'failed' | 'unanswered', why: string }} */
function ask(command, verdictOf) {
  const options = { encoding: 'utf8', timeout: LIMIT_MS, killSignal: 'SIGKILL', maxBuffer: 2 ** 28 }
  const { stdout, stderr, error } = spawnSync('npm', [...command, ...NPM_OPTIONS], options)
  if (error?.code === 'ETIMEDOUT') return unanswered(`no answer within ${LIMIT_MS / 1000} s`)
  const report = parse(stdout)
  return verdictOf(report) ?? withoutReport(report, stderr ?? String(error))
}

/** Undefined: npm reports none. */
function ofVulnerabilities({ metadata, vulnerabilities }) {
  const found = metadata?.vulnerabilities
  if (!Number.isInteger(found?.high) || !Number.isInteger(found?.critical)) return undefined
  const severe = Object.values(vulnerabilities).filter(({ severity }) => /^(high|critical)$/.test(severity))
  if (found.high + found.critical > 0)
    return failed(severe.map(({ name, severity }) => `${name} has a vulnerability (${severity})`))
  return passed(`no vulnerability of severity high or critical, ${found.total} of a lower one`)
}

function ofSignatures({ invalid, missing }) {
  if (!Array.isArray(invalid) || !Array.isArray(missing)) return undefined
  const named = (packages, what) => packages.map(({ name, version }) => `${name}@${version} ${what}`)
  const bad = [
    ...named(invalid, 'is not as it was signed'),
    ...named(missing, 'has no signature, and its registry signs'),
  ]
  return bad.length > 0 ? failed(bad) : passed('each installed package is as it was signed')
}

/** A registry's answer without sense has a message of its own; what npm itself cannot do is an error. */
function withoutReport({ message, error }, stderr) {
  const said = message || error?.summary || stderr.trim().split('\n').at(-1)
  const isRegistry = message !== undefined || NOT_ANSWERED.test(error?.code ?? '') || NO_KEYS.test(said)
  return isRegistry ? unanswered(said) : failed([`npm could not look: ${said}`])
}

function parse(text) {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}

function passed(why) {
  return { verdict: 'passed', why }
}

function failed(faults) {
  return { verdict: 'failed', why: faults.join('; ') }
}

function unanswered(why) {
  return { verdict: 'unanswered', why: `not checked, the registry does not answer: ${why}` }
}
