import path from 'node:path'
import { compileProcesses } from '../../../stack/compile.ts'
import { freePort } from '../../../stack/ports.ts'
import type { Contestant } from '../contestant.ts'
import { runOnDatabase } from '../ground.ts'
import { PEERS_COMPILED } from '../install-peers.ts'

const PROGRAM = 'bench/peers/dbos/app'

/**
 * DBOS as its quickstart has it: one process is both the HTTP server and what carries out the workflows, with the pool
 * that it has by default. It was tried with a front of its own as well, which puts orders on a queue, over one executor
 * and over two (polled every 20 ms), and with two such processes: at 32 orders in flight on two cores these carried out
 * a tenth to a third less.
 */
export const DBOS: Contestant = {
  name: 'DBOS',
  start: (ground) =>
    runOnDatabase(
      ground,
      (name) => name === 'app',
      async ({ parts, sandboxUrl }) => {
        const [compiled, port] = await Promise.all([
          compileProcesses([`${PROGRAM}.ts`], PEERS_COMPILED),
          freePort(),
        ])
        // The migrator's role: DBOS creates its tables itself.
        const settings = { databaseUrl: ground.database.migrator, sandboxUrl, port }
        parts.run('app', path.join(compiled, `${PROGRAM}.js`), settings)
        return { url: `http://127.0.0.1:${port}` }
      },
    ),
}
