import process from 'node:process'
import { createCoordinator, recover } from './coordinator.ts'
import { openLog, readLog } from './durable-log.ts'
import type { Answer, Contestant, Job, LoadResult, RecoveryResult } from './jobs.ts'
import { orderAt, runLoad } from './load.ts'
import { PARTICIPANTS, openConnection, perParticipant, type PerParticipant } from './participants.ts'
import type { Counts, Environment, Protocol, Sessions } from './protocol.ts'
import { openSagas, type Decision, type Progress } from './recovery.ts'
import { createSaga } from './saga.ts'

/**
 * The process of a contestant: it takes one job after the other, and can be killed in the middle of one. It is started
 * with a channel, and ends when its parent closes that.
 */
const send = (answer: Answer) => void process.send?.(answer)

process.on('message', (job: Job) => {
  carryOut(job).catch((error: unknown) => {
    send({ type: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  })
})
process.on('disconnect', () => process.exit())

async function carryOut(job: Job): Promise<void> {
  switch (job.type) {
    case 'load':
      return send({ type: 'loaded', result: await load(job) })
    case 'hold':
      return hold(job)
    case 'recover':
      return send({ type: 'recovered', result: await recovery(job) })
  }
}

/** Both contestants open their log and carry out orders; only this knows which one it is. */
async function openProtocol(contestant: Contestant, logFile: string, environment: Environment) {
  if (contestant === 'saga') {
    const log = await openLog<Progress>(logFile)
    return { log, ...createSaga({ log, environment }) }
  }
  const log = await openLog<Decision>(logFile)
  const run: Protocol = createCoordinator({ log, environment, isParallel: contestant === '2PC' })
  return { log, run }
}

/** Orders of each worker before the measurement: statements are planned, pages are read. */
const WARM_UP_ORDERS = 2

async function load(job: Extract<Job, { type: 'load' }>): Promise<LoadResult> {
  const counts: Counts = { participantFlushes: 0 }
  const environment: Environment = { slowMs: job.slowMs, counts, reach: async () => undefined }
  const { log, run } = await openProtocol(job.contestant, job.logFile, environment)
  const workers = await openWorkers(job.urls, job.contestant, job.inFlight)
  try {
    await Promise.all(
      workers.map(async (sessions, worker) => {
        for (let n = 0; n < WARM_UP_ORDERS; n += 1)
          await run(sessions, orderAt(`${job.run}-warm-up-${n}`, worker, false))
      }),
    )
    counts.participantFlushes = 0
    const flushesBefore = log.flushes
    send({ type: 'measuring' })
    const timed = await runLoad(
      workers.map((sessions) => (order) => run(sessions, order)),
      (n) => orderAt(job.run, n, job.isHot),
      job.durationMs,
    )
    await publishStatistics(workers)
    return { ...timed, ...counts, logFlushes: log.flushes - flushesBefore }
  } finally {
    await closeWorkers(workers)
    await log.close()
  }
}

/** A session reports what it has written at most once a second, unless asked. */
const publishStatistics = (workers: readonly Sessions[]) =>
  Promise.all(
    workers.flatMap((sessions) =>
      PARTICIPANTS.map((name) => sessions[name].query('SELECT pg_stat_force_next_flush()')),
    ),
  )

/** Never returns from the moment: the process is killed there. */
async function hold(job: Extract<Job, { type: 'hold' }>): Promise<void> {
  let held = 0
  const environment: Environment = {
    slowMs: {},
    counts: { participantFlushes: 0 },
    async reach(moment) {
      if (moment !== job.moment) return
      held += 1
      if (held === job.inFlight) send({ type: 'held' })
      await new Promise<never>(() => undefined)
    },
  }
  const { run } = await openProtocol(job.contestant, job.logFile, environment)
  const workers = await openWorkers(job.urls, job.contestant, job.inFlight)
  await Promise.all(workers.map((sessions, n) => run(sessions, orderAt(job.run, n, false))))
}

async function recovery(job: Extract<Job, { type: 'recover' }>): Promise<RecoveryResult> {
  const [sessions] = await openWorkers(job.urls, `${job.contestant} recovery`, 1)
  if (sessions === undefined) throw new Error('No worker was opened')
  const startedAt = performance.now()
  try {
    if (job.contestant !== 'saga') {
      const decisions = await readLog<Decision>(job.logFile)
      const resolutions = await recover(sessions, decisions, job.contestant)
      return { elapsedMs: performance.now() - startedAt, resolutions, ended: [] }
    }
    const open = openSagas(await readLog<Progress>(job.logFile))
    const log = await openLog<Progress>(job.logFile)
    const environment: Environment = {
      slowMs: {},
      counts: { participantFlushes: 0 },
      reach: async () => undefined,
    }
    const { resume } = createSaga({ log, environment })
    for (const saga of open) await resume(sessions, saga)
    const elapsedMs = performance.now() - startedAt
    await log.close()
    return { elapsedMs, resolutions: [], ended: open.map(({ order }) => order.id) }
  } finally {
    await closeWorkers([sessions])
  }
}

/** Each worker has a session of its own with each participant. */
const openWorkers = (urls: PerParticipant<string>, name: string, count: number): Promise<Sessions[]> =>
  Promise.all(
    Array.from({ length: count }, () =>
      perParticipant((participant) => openConnection(urls[participant], name)),
    ),
  )

async function closeWorkers(workers: readonly Sessions[]): Promise<void> {
  await Promise.all(workers.flatMap((sessions) => PARTICIPANTS.map((name) => sessions[name].end())))
}
