import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { startContestant } from './contestant.ts'
import { inDoubtAt } from './coordinator.ts'
import type { Contestant } from './jobs.ts'
import { orderAt } from './load.ts'
import {
  PARTICIPANTS,
  SKUS,
  effectsOf,
  openConnection,
  perParticipant,
  skuAt,
  type PerParticipant,
} from './participants.ts'
import type { Moment, Sessions } from './protocol.ts'
import type { Resolution } from './recovery.ts'

/** SIGKILL of the coordinator, at a moment at which each of its workers has an order there. */
export interface KillTrial {
  contestant: Contestant
  moment: Moment
  inFlight: number
  /** How long it is before a successor is started. */
  outageMs: number
  urls: PerParticipant<string>
  logFile: string
  run: string
  /** Restarts the database server while the coordinator is away. */
  restartServer?: () => Promise<void>
}

export interface Sight {
  /** Prepared transactions without a decision that they know of, at all four participants. */
  inDoubt: number
  /** Of the orders' stock rows: those that an updater could not have within a second. */
  blockedUpdaters: number
  /** What a plain reader of each participant sees of the orders. */
  visible: PerParticipant<number>
  /** The slowest of those readers. */
  readMs: number
  /** Versions of stock rows that no transaction needs but the oldest open one: VACUUM has left them. */
  deadAfterVacuum: number
}

export interface KillResult {
  away: Sight
  afterRestart: Sight | undefined
  resolved: Sight
  /** From the kill until the last of the updaters without a limit has had its row, in milliseconds. */
  lockedMs: number
  /** From the first query of the recovery to its last, without the start of its process. */
  recoveryMs: number
  /** Orders that the recovery has ended by going on with them, and parts that it has committed and rolled back. */
  ended: number
  committed: number
  rolledBack: number
}

const LOCK_WAIT_MS = 1000

export async function killAndRecover(trial: KillTrial): Promise<KillResult> {
  let watch = await openWatch(trial)
  const before = await effectsOf(watch.sessions)
  const dying = startContestant()
  try {
    await dying.ask({ type: 'hold', ...trial }, 'held')
  } finally {
    await dying.kill()
  }
  const killedAt = performance.now()
  let afterRestart: Sight | undefined
  if (trial.restartServer !== undefined) {
    await watch.close()
    await trial.restartServer()
    watch = await openWatch(trial)
    afterRestart = await look(watch, before)
  }
  const lastUpdate = Promise.all(
    watch.patient.map((client, n) => update(client, watch.skus[n] ?? '', 0)),
  ).then(() => performance.now() - killedAt)
  // It is awaited after the recovery; if that fails, its own error is the one to report.
  lastUpdate.catch(() => undefined)
  const away = await look(watch, before)
  await sleep(trial.outageMs)
  const successor = startContestant()
  try {
    const { result } = await successor.ask({ type: 'recover', ...trial }, 'recovered')
    const lockedMs = await lastUpdate
    const resolved = await look(watch, before)
    const parts = (act: Resolution['act']) => result.resolutions.filter((part) => part.act === act).length
    return {
      away,
      afterRestart,
      resolved,
      lockedMs,
      recoveryMs: result.elapsedMs,
      ended: result.ended.length,
      committed: parts('commit'),
      rolledBack: parts('rollback'),
    }
  } finally {
    await successor.kill()
    await watch.close()
  }
}

/** The sessions of others. */
interface Watch {
  /** Of plain readers, and of VACUUM. */
  sessions: Sessions
  /** Updaters of the orders' stock rows: one wants its row within a second, the other waits. */
  updaters: pg.Client[]
  patient: pg.Client[]
  skus: string[]
  close(): Promise<void>
}

async function openWatch({ urls, inFlight, run }: KillTrial): Promise<Watch> {
  const sessions = await perParticipant((name) => openConnection(urls[name], 'watch'))
  const skus = Array.from({ length: inFlight }, (_, n) => orderAt(run, n, false).sku)
  const open = () => Promise.all(skus.map(() => openConnection(urls.inventory, 'updater')))
  const [updaters, patient] = [await open(), await open()]
  return {
    sessions,
    updaters,
    patient,
    skus,
    async close() {
      const clients = [...PARTICIPANTS.map((name) => sessions[name]), ...updaters, ...patient]
      await Promise.all(clients.map((client) => client.end()))
    },
  }
}

async function look({ sessions, updaters, skus }: Watch, before: PerParticipant<number>): Promise<Sight> {
  const inDoubt = await Promise.all(PARTICIPANTS.map((name) => inDoubtAt(sessions, name)))
  const startedAt = performance.now()
  const effects = await effectsOf(sessions)
  const readMs = performance.now() - startedAt
  const hasRow = await Promise.all(updaters.map((client, n) => update(client, skus[n] ?? '', LOCK_WAIT_MS)))
  return {
    inDoubt: inDoubt.flat().length,
    blockedUpdaters: hasRow.filter((has) => !has).length,
    visible: await perParticipant((name) => effects[name] - before[name]),
    readMs,
    deadAfterVacuum: await deadAfterVacuum(sessions.inventory),
  }
}

const LOCK_NOT_AVAILABLE = '55P03'

/**
 * Updates the row and takes it back, in one message: the server holds the row no longer than that takes.
 * @returns whether the row was to be had within the limit; one of 0 ms is none.
 */
async function update(client: pg.Client, sku: string, limitMs: number): Promise<boolean> {
  try {
    await client.query(
      `BEGIN; SET LOCAL lock_timeout = ${limitMs};
       UPDATE stock SET available = available WHERE sku = ${client.escapeLiteral(sku)}; ROLLBACK`,
    )
    return true
  } catch (error) {
    if ((error as { code?: string }).code !== LOCK_NOT_AVAILABLE) throw error
    await client.query('ROLLBACK')
    return false
  }
}

/** So many versions of a row, which no trial touches otherwise, are dead when their updates have committed. */
const UPDATES = 200
const UNTOUCHED_SKU = skuAt(SKUS - 1)

/** @returns the dead row versions that VACUUM could not remove. */
async function deadAfterVacuum(inventory: pg.Client): Promise<number> {
  for (let n = 0; n < UPDATES; n += 1)
    await inventory.query('UPDATE stock SET available = available WHERE sku = $1', [UNTOUCHED_SKU])
  const messages: string[] = []
  const listen = ({ message }: { message: string | undefined }) => void messages.push(message ?? '')
  inventory.on('notice', listen)
  await inventory.query('VACUUM (VERBOSE) stock')
  inventory.off('notice', listen)
  const dead = /(\d+) are dead but not yet removable/.exec(messages.join('\n'))?.[1]
  if (dead === undefined) throw new Error('VACUUM does not say how many row versions it has left.')
  return Number(dead)
}
