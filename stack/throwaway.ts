import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { readConfig, type Config } from '../config.ts'
import type { LineWriter } from './console-log.ts'
import { freePort } from './ports.ts'
import { startStack, type Stack } from './stack.ts'

/** For who runs it on this machine, whatever the configuration says about who may use its system. */
const OPEN: Partial<Config> = {
  NODE_ENV: 'development',
  HOST: '127.0.0.1',
  AUTH: '',
  BOOTSTRAP_ADMIN_KEY: '',
  BOOTSTRAP_ADMIN_KEY_FILE: '',
  AUTH_JWKS_URL: '',
  AUTH_JWKS_FILE: '',
  AUTH_ISSUER: '',
  AUTH_AUDIENCE: '',
  TRUST_PROXY: [],
  ALLOWED_HOSTS: [],
}

/** The system of `npm start`, on ports and with data of its own, which go when it stops. */
export async function startThrowawayStack(lines: LineWriter, changes: Partial<Config> = {}): Promise<Stack> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'ordersaga-'))
  const [port, sandbox, postgres, temporal, ui, nats] = await Promise.all(Array.from({ length: 6 }, freePort))
  const config: Config = {
    ...readConfig(),
    DATABASE_URL: undefined,
    MIGRATE_DATABASE_URL: undefined,
    TEMPORAL_ADDRESS: undefined,
    PORT: port ?? 0,
    SANDBOX_PORT: sandbox ?? 0,
    POSTGRES_PORT: postgres ?? 0,
    TEMPORAL_PORT: temporal ?? 0,
    TEMPORAL_UI_PORT: ui ?? 0,
    NATS_URL: undefined,
    NATS_PORT: nats ?? 0,
    METRICS_PORT: 0,
    DATA_DIR: dataDir,
    ...OPEN,
    ...changes,
  }
  const remove = () => rm(dataDir, { recursive: true, force: true })
  try {
    const stack = await startStack(config, lines)
    return {
      ...stack,
      async stop() {
        await stack.stop()
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}
