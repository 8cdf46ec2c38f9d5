import { open, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { percentiles } from '../figures.ts'
import { openConnection } from './participants.ts'
import type { Server } from './server.ts'

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

/** Looks at the machine before the measurements. @returns what completes the description after them. */
export async function inspectMachine(server: Server): Promise<() => Machine> {
  const startedAt = performance.now()
  const load = () => (os.loadavg()[0] ?? 0).toFixed(1)
  const before = load()
  const client = await openConnection(server.urls.inventory, 'version')
  const { rows } = await client.query<{ version: string }>(
    `SELECT current_setting('server_version') AS version`,
  )
  await client.end()
  const flushMs = await timeFlush(server.folder)
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
