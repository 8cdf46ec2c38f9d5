import type { Contestant } from './contestant.ts'
import { DBOS } from './dbos/start.ts'
import { FLOOR } from './floor/start.ts'
import { createOurs } from './ours.ts'
import { PLAIN } from './plain/start.ts'
import { RESTATE } from './restate/start.ts'

/** The first is the one that the others are compared with. DBOS and Restate need `installPeers` first. */
export const CONTESTANTS: readonly [Contestant, ...Contestant[]] = [
  createOurs('orchestration', 'development'),
  createOurs('choreography', 'development'),
  createOurs('orchestration', 'postgres'),
  ...PLAIN,
  ...FLOOR,
  DBOS,
  RESTATE,
]
