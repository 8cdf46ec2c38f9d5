import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { INVARIANTS_MAX_MS } from '../../domain/operations/invariants.ts'
import { sqlOf } from '../../events/store/sql.ts'
import { openPool } from '../../postgres.ts'
import { openDatabase } from '../../prisma/client.ts'
import { COMPILED } from '../../stack/places.ts'
import { invariantsOf, JOBS, takeSample, timeInvariants, type Job, type Sample } from './jobs.ts'
import { openProbe, type Cost, type Probe, type Statement } from './measure.ts'
import { inspectMachine } from '../instruments/machine.ts'
import type { Findings, Measured } from './findings.ts'
import { printFindings, publish } from './report.ts'
import { startServer } from './server.ts'
import { readSizes, type Size } from './sizes.ts'

/**
 * What does each call of the product cost when there are already so many orders? docs/growth.md.
 * `npx order-saga bench growth [orders…]`; the page is written from a run of the usual sizes alone.
 */
const SIZES = [10_000, 100_000, 1_000_000]
const REPETITIONS = 30

/** A call that reads everything is repeated no longer than this. */
const PATIENCE_MS = 20_000

/** Calls, most of which write: autovacuum would come round by itself, but not at every size. */
const VACUUMED_EVERY = 20

const given = process.argv.slice(3).map(Number)
const sizes = given.length === 0 ? SIZES : given
if (!sizes.every((size) => Number.isInteger(size) && size >= 2000))
  throw new Error('Give numbers of orders, from 2000 on.')

const log = (line: string) => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`)

const server = await startServer(sizes, log)
try {
  const describeMachine = await inspectMachine(server.urlOf(Math.min(...sizes)), server.folder)
  await requireInvariants(Math.min(...sizes))
  const places = await Promise.all(sizes.map((size) => openPlace(size)))
  const measured: Measured[] = []
  for (const [n, job] of JOBS.entries()) {
    if (n % VACUUMED_EVERY === 0) for (const size of sizes) await server.vacuum(size)
    measured.push(await measure(job, places))
  }
  const invariantsMs: (number | undefined)[] = []
  for (const size of sizes) invariantsMs.push(await checked(size))
  const findings: Findings = {
    sizes,
    measured,
    invariantsMs,
    tables: places.map(({ tables }) => tables),
    machine: describeMachine(),
  }
  for (const { close } of places) await close()
  await mkdir(COMPILED, { recursive: true })
  await writeFile(path.join(COMPILED, 'growth.json'), JSON.stringify(findings))
  printFindings(findings)
  if (SIZES.every((size) => sizes.includes(size))) await publish(findings)
  else log(`The page is written from a run of ${SIZES.join(', ')} orders.`)
} finally {
  await server.stop()
}
process.exit()

/** @throws Error when what was generated is not as the product would have written it: no figure counts then. */
async function requireInvariants(size: number): Promise<void> {
  const db = openDatabase(server.urlOf(size), 1, { statementTimeoutMs: INVARIANTS_MAX_MS })
  const { checks } = await invariantsOf(db).check()
  await db.$disconnect()
  const broken = checks.filter(({ ok }) => !ok)
  if (broken.length > 0) throw new Error(`What was generated is wrong: ${JSON.stringify(broken)}`)
  log(`${checks.length} invariants hold at ${size} sagas`)
}

async function checked(size: number): Promise<number | undefined> {
  const db = openDatabase(server.urlOf(size), 1, { statementTimeoutMs: INVARIANTS_MAX_MS })
  const tookMs = await timeInvariants(db)
  await db.$disconnect()
  log(`the invariants at ${size}: ${tookMs ?? 'not in time'}`)
  return tookMs
}

interface Place {
  size: number
  sample: Sample
  tables: Size[]
  probeOf: (settings: Job['settings']) => Promise<Probe>
  close: () => Promise<void>
}

/** The database of one size, and connections to it as each kind of process has them. */
async function openPlace(size: number): Promise<Place> {
  const url = server.urlOf(size)
  const pool = openPool(url, { max: 1, name: 'growth', statementTimeoutMs: 0 })
  const sql = sqlOf(pool)
  const sample = await takeSample(sql)
  const tables = await readSizes(sql)
  await pool.end()
  const probes = new Map<string, Promise<Probe>>()
  return {
    size,
    sample,
    tables,
    probeOf(settings) {
      const key = JSON.stringify(settings)
      const probe = probes.get(key) ?? openProbe(url, settings)
      probes.set(key, probe)
      return probe
    },
    async close() {
      for (const probe of probes.values()) await (await probe).close()
    },
  }
}

/** The same call at all sizes, one after the other, again and again. */
async function measure(job: Job, places: readonly Place[]): Promise<Measured> {
  const calls: { probe: Probe; statements: Statement[]; timesMs: number[]; cost: Cost }[] = []
  let leftMs = PATIENCE_MS
  for (const { size, sample, probeOf } of places) {
    const probe = await probeOf(job.settings)
    const { db, pool } = probe
    const statements = await probe.statementsOf((setup) =>
      job.call({ db, pool, sql: sqlOf(pool), sample, setup }),
    )
    const firstMs = await probe.time(statements)
    const isSlow = firstMs > PATIENCE_MS / REPETITIONS
    const cost = await probe.costOf(statements, isSlow ? 1 : undefined)
    log(`${job.name}: ${cost.buffers} buffers at ${size}`)
    // The first one has filled caches, unless there is hardly time for another.
    calls.push({ probe, statements, timesMs: firstMs > PATIENCE_MS ? [firstMs] : [], cost })
    if (firstMs > PATIENCE_MS) leftMs = 0
  }
  const repeated = leftMs === 0 ? calls.filter(({ timesMs }) => timesMs.length === 0) : calls
  do
    for (const { probe, statements, timesMs } of repeated) {
      const tookMs = await probe.time(statements)
      timesMs.push(tookMs)
      leftMs -= tookMs
    }
  while (leftMs > 0 && Math.max(...repeated.map(({ timesMs }) => timesMs.length)) < REPETITIONS)
  return { name: job.name, kind: job.kind, at: calls.map(({ cost, timesMs }) => ({ ...cost, timesMs })) }
}
