import { open, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import pg from 'pg'
import { percentiles, short } from './figures.ts'

/** Where the figures come from. */
export interface Machine {
  cpu: string
  cores: number
  node: string
  postgres: string
  /** Median of a flush of one small write, in milliseconds. */
  flushMs: number
  load: { before: string; after: string }
  minutes: number
}

/**
 * Looks at the machine before the measurements.
 * @param folder on the disk that is measured.
 * @returns what completes the description after them.
 */
export async function inspectMachine(databaseUrl: string, folder: string): Promise<() => Machine> {
  const startedAt = performance.now()
  const load = () => (os.loadavg()[0] ?? 0).toFixed(1)
  const before = load()
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const { rows } = await client.query<{ version: string }>(
    `SELECT current_setting('server_version') AS version`,
  )
  await client.end()
  const flushMs = await timeFlush(folder)
  return () => ({
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown processor',
    cores: os.cpus().length,
    node: process.versions.node,
    postgres: rows[0]?.version ?? 'unknown',
    flushMs,
    load: { before, after: load() },
    minutes: Math.round((performance.now() - startedAt) / 60_000),
  })
}

const FLUSHES = 200

async function timeFlush(folder: string): Promise<number> {
  const file = path.join(folder, 'flush')
  const handle = await open(file, 'w')
  const times: number[] = []
  for (let n = 0; n < FLUSHES; n += 1) {
    const beganAt = performance.now()
    await handle.write('x'.repeat(100))
    await handle.datasync()
    times.push(performance.now() - beganAt)
  }
  await handle.close()
  await rm(file)
  return percentiles(times).p50
}

export const describeMachine = ({ cpu, cores, node, postgres, flushMs, load, minutes }: Machine): string =>
  `${cpu}, ${cores} cores; Node ${node}, PostgreSQL ${postgres}; a flush of one small write to this disk takes ` +
  `${short(flushMs)} ms. ${minutes} minutes; load average ${load.before} before, ${load.after} after.`
