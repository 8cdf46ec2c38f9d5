import { appendFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCoordinator } from '../../bench/two-phase-commit/coordinator.ts'
import { openLog, readLog } from '../../bench/two-phase-commit/durable-log.ts'
import type { Contestant } from '../../bench/two-phase-commit/jobs.ts'
import { killAndRecover } from '../../bench/two-phase-commit/kill.ts'
import { orderAt } from '../../bench/two-phase-commit/load.ts'
import {
  PARTICIPANTS,
  effectsOf,
  openConnection,
  perParticipant,
} from '../../bench/two-phase-commit/participants.ts'
import type { Environment, Moment, Sessions } from '../../bench/two-phase-commit/protocol.ts'
import type { Decision, Progress } from '../../bench/two-phase-commit/recovery.ts'
import { createSaga } from '../../bench/two-phase-commit/saga.ts'
import { startServer, type Server } from '../../bench/two-phase-commit/server.ts'

/** The bench of docs/two-phase-commit.md, at a small size: what it compares must be correct before it is fast. */
let server: Server
let sessions: Sessions

beforeAll(async () => {
  // Processes are killed, not the machine; and only the VACUUM of the test looks at what it may remove.
  server = await startServer(['fsync=off', 'autovacuum=off'])
  sessions = await perParticipant((name) => openConnection(server.urls[name], 'test'))
})

afterAll(async () => {
  await perParticipant((name) => sessions[name].end())
  await server.stop()
})

const IN_FLIGHT = 2
const alike = (effects: number) => Object.fromEntries(PARTICIPANTS.map((name) => [name, effects]))

const kill = (contestant: Contestant, moment: Moment) =>
  killAndRecover({
    contestant,
    moment,
    inFlight: IN_FLIGHT,
    outageMs: 0,
    urls: server.urls,
    logFile: path.join(server.folder, `${contestant} ${moment}.log`),
    run: `${contestant}-${moment}`,
  })

describe('a coordinator that is killed between prepare and commit', () => {
  it.each([
    ['before the decision', { effects: 0, committed: 0, rolledBack: 8 }],
    ['after the decision', { effects: IN_FLIGHT, committed: 8, rolledBack: 0 }],
  ] as const)('%s leaves locks, and its recovery ends all four participants alike', async (moment, then) => {
    const { away, resolved, ...recovery } = await kill('2PC', moment)
    expect(away).toMatchObject({ inDoubt: 8, blockedUpdaters: IN_FLIGHT, visible: alike(0) })
    expect(away.deadAfterVacuum).toBeGreaterThan(0)
    expect(recovery).toMatchObject({ committed: then.committed, rolledBack: then.rolledBack })
    expect(resolved).toMatchObject({
      inDoubt: 0,
      blockedUpdaters: 0,
      visible: alike(then.effects),
      deadAfterVacuum: 0,
    })
  })
})

it('a saga that is killed between two steps locks nothing, shows its first step, and is carried on', async () => {
  const { away, resolved, ended } = await kill('saga', 'after the first step')
  expect(away).toMatchObject({
    inDoubt: 0,
    blockedUpdaters: 0,
    visible: { ...alike(0), inventory: IN_FLIGHT },
    deadAfterVacuum: 0,
  })
  expect(ended).toBe(IN_FLIGHT)
  expect(resolved).toMatchObject({ visible: alike(IN_FLIGHT) })
})

describe('an order that the carrier refuses', () => {
  const refused = (run: string) => orderAt(run, 9, false)
  const environment = (): Environment => ({
    slowMs: {},
    counts: { participantFlushes: 0 },
    reach: async () => undefined,
  })

  it.each([true, false])('takes no effect by two-phase commit, in parallel: %s', async (isParallel) => {
    const log = await openLog<Decision>(path.join(server.folder, `refused ${isParallel}.log`))
    const run = createCoordinator({ log, environment: environment(), isParallel })
    const before = await effectsOf(sessions)
    expect(await run(sessions, refused(`2PC ${isParallel}`))).toBe('refused')
    expect(await run(sessions, orderAt(`2PC ${isParallel}`, 0, false))).toBe('done')
    const after = await effectsOf(sessions)
    expect(await perParticipant((name) => after[name] - before[name])).toEqual(alike(1))
    await log.close()
  })

  it('is compensated by the saga, and a repeated or late attempt changes nothing', async () => {
    const log = await openLog<Progress>(path.join(server.folder, 'refused saga.log'))
    const saga = createSaga({ log, environment: environment() })
    const before = await effectsOf(sessions)
    const order = refused('saga')
    expect(await saga.run(sessions, order)).toBe('refused')
    expect(await effectsOf(sessions)).toEqual(before)
    expect(await saga.resume(sessions, { order, direction: 'back' })).toBe('refused')
    expect(await saga.resume(sessions, { order, direction: 'forward' })).toBe('refused')
    expect(await effectsOf(sessions)).toEqual(before)
    await log.close()
  })
})

it('the log of a coordinator leaves out a record that a crash has cut off, also when it grows again', async () => {
  const file = path.join(server.folder, 'torn.log')
  const write = async (...gids: readonly string[]) => {
    const log = await openLog<Decision>(file)
    await Promise.all(gids.map((gid) => log.force({ type: 'commit', gid })))
    await log.close()
    return log.flushes
  }
  const gids = async () => (await readLog<Decision>(file)).map(({ gid }) => gid)
  expect(await write('a', 'b', 'c')).toBe(1)
  await appendFile(file, '{"type":"commit","gid":"d"')
  expect(await gids()).toEqual(['a', 'b', 'c'])
  await write('e')
  expect(await gids()).toEqual(['a', 'b', 'c', 'e'])
})
