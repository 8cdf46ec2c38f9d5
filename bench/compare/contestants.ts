import type { Contestant } from './contestant.ts'
import { DBOS } from './dbos/start.ts'
import { FLOOR } from './floor/start.ts'
import { PLAIN } from './plain/start.ts'
import { RESTATE } from './restate/start.ts'

/** All but our own. DBOS and Restate need `installPeers` first. */
export const OTHERS: readonly Contestant[] = [...PLAIN, ...FLOOR, DBOS, RESTATE]
