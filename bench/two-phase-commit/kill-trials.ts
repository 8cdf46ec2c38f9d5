import path from 'node:path'
import type { Contestant } from './jobs.ts'
import { killAndRecover, type KillResult, type KillTrial } from './kill.ts'
import type { Moment } from './protocol.ts'
import type { Server } from './server.ts'

/** The moments at which a coordinator is killed. */
const KILLS: readonly { contestant: Contestant; moment: Moment }[] = [
  { contestant: '2PC', moment: 'before the decision' },
  { contestant: '2PC', moment: 'after the decision' },
  { contestant: 'saga', moment: 'after the first step' },
]

export const KILL = { inFlight: 8, outageMs: 3000, repetitions: 3 }

export interface Kill {
  contestant: Contestant
  moment: Moment
  results: KillResult[]
}

export interface Kills {
  each: Kill[]
  /** The first of the moments, with a restart of the database server besides. */
  restarted: KillResult
}

export async function killAll(server: Server, log: (line: string) => void): Promise<Kills> {
  let trials = 0
  const kill = (of: Pick<KillTrial, 'contestant' | 'moment' | 'restartServer'>) => {
    trials += 1
    const logFile = path.join(server.folder, `${of.contestant}-killed.log`)
    return killAndRecover({ ...of, ...KILL, urls: server.urls, logFile, run: `kill-${trials}` })
  }
  const each = KILLS.map((of): Kill => ({ ...of, results: [] }))
  for (let n = 0; n < KILL.repetitions; n += 1) for (const of of each) of.results.push(await kill(of))
  const restarted = await kill({
    contestant: '2PC',
    moment: 'before the decision',
    restartServer: () => server.restart(),
  })
  log(`The coordinator was killed ${trials} times.`)
  return { each, restarted }
}
