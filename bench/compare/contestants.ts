import type { Contestant } from './contestant.ts'
import { createOurs } from './ours.ts'

/** The first is the one that the others are compared with. */
export const CONTESTANTS: readonly [Contestant, ...Contestant[]] = [
  createOurs('orchestration', 'development'),
  createOurs('choreography', 'development'),
  createOurs('orchestration', 'postgres'),
]
