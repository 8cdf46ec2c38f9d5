import type { PerParticipant } from './participants.ts'
import type { Moment } from './protocol.ts'
import type { Resolution } from './recovery.ts'

export const CONTESTANTS = ['2PC', '2PC in sequence', 'saga'] as const
export type Contestant = (typeof CONTESTANTS)[number]

/** What the processes of the contestants are asked over their channel. */
export type Job =
  | {
      type: 'load'
      contestant: Contestant
      urls: PerParticipant<string>
      logFile: string
      /** Distinguishes the orders of this job from all others. */
      run: string
      inFlight: number
      durationMs: number
      isHot: boolean
      slowMs: Partial<PerParticipant<number>>
    }
  | {
      /** Carries out one order for each worker up to a moment, and stays there. */
      type: 'hold'
      contestant: Contestant
      urls: PerParticipant<string>
      logFile: string
      run: string
      inFlight: number
      moment: Moment
    }
  | { type: 'recover'; contestant: Contestant; urls: PerParticipant<string>; logFile: string }

export interface LoadResult {
  /** Orders that ended, done or refused, while the window was open or just after. */
  orders: number
  refused: number
  elapsedMs: number
  latenciesMs: number[]
  /** Waits for a disk: of participants, as the protocol counts them, and of its own log. */
  participantFlushes: number
  logFlushes: number
}

export interface RecoveryResult {
  elapsedMs: number
  /** Of two-phase commit: what was in doubt, and what became of it. */
  resolutions: Resolution[]
  /** Of the saga: the orders that were ended. */
  ended: string[]
}

export type Answer =
  | { type: 'measuring' }
  | { type: 'loaded'; result: LoadResult }
  | { type: 'held' }
  | { type: 'recovered'; result: RecoveryResult }
  | { type: 'failed'; message: string }
