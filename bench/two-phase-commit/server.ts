import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { freePort } from '../../stack/ports.ts'
import { startPostgres } from '../../stack/postgres.ts'
import { createParticipants, type PerParticipant } from './participants.ts'

/** A PostgreSQL server of its own, on a free port, with the four databases; its data goes when it stops. */
export interface Server {
  port: number
  urls: PerParticipant<string>
  /** A folder for the logs of coordinators. */
  folder: string
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startServer(settings: readonly string[] = []): Promise<Server> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ordersaga-2pc-'))
  const port = await freePort()
  const start = () =>
    startPostgres({
      dataDir: path.join(folder, 'postgres'),
      database: 'bench',
      port,
      // Without the first, PREPARE TRANSACTION is refused; the default of PostgreSQL is 0.
      settings: ['max_prepared_transactions=256', 'max_connections=400', ...settings],
      log: (line) => void process.stderr.write(`${line}\n`),
    })
  let postgres = await start()
  const stop = async () => {
    await postgres.stop({ remove: true })
    await rm(folder, { recursive: true, force: true })
  }
  try {
    return {
      port,
      urls: await createParticipants(postgres.urls.admin),
      folder,
      async restart() {
        await postgres.stop()
        postgres = await start()
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
