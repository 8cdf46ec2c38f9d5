import { readFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { judgeFiles, judgePort, ok, wrong, type Check } from './checks.ts'

/** What `npm start` needs of this machine. Its code is loaded here alone. */
export async function checkThisMachine(): Promise<Check[]> {
  const { readLocalConfig } = await import('./local-config.ts')
  const { requireFreePort } = await import('../stack/ports.ts')
  const { requireRoom } = await import('../stack/room.ts')
  try {
    const config = readLocalConfig()
    const { DATA_DIR: dataDir } = config
    const isOurs = await isStarted(dataDir)
    const ports = [
      ['PORT', config.PORT],
      ['SANDBOX_PORT', config.SANDBOX_PORT],
      ...(config.DATABASE_URL === undefined ? ([['POSTGRES_PORT', config.POSTGRES_PORT]] as const) : []),
      ...(config.TEMPORAL_ADDRESS === undefined
        ? ([
            ['TEMPORAL_PORT', config.TEMPORAL_PORT],
            ['TEMPORAL_UI_PORT', config.TEMPORAL_UI_PORT],
          ] as const)
        : []),
      ...(config.EVENT_TRANSPORT === 'nats' && config.NATS_URL === undefined
        ? ([['NATS_PORT', config.NATS_PORT]] as const)
        : []),
      ['METRICS_PORT', config.METRICS_PORT],
    ] as const
    const asked = ports.filter(([, port]) => port !== 0)
    return [
      ...(await Promise.all(
        asked.map(async ([variable, port]) => {
          const isFree = await requireFreePort(port, variable).then(
            () => true,
            () => false,
          )
          return judgePort(variable, port, { isFree, isOurs })
        }),
      )),
      judgeRoom(() => requireRoom(dataDir), dataDir),
      judgeFiles(openFilesMax()),
    ]
  } catch (error) {
    return [wrong('settings', error instanceof Error ? error.message : String(error))]
  }
}

/** Whether `npm start` runs on this data folder. */
async function isStarted(dataDir: string): Promise<boolean> {
  const { commandOf, isAlive } = await import('../stack/pids.ts')
  try {
    const pid = Number(readFileSync(path.join(dataDir, 'start.pid'), 'utf8'))
    return pid > 0 && isAlive(pid) && commandOf(pid).includes('start.ts')
  } catch {
    return false
  }
}

function judgeRoom(require: () => void, dataDir: string): Check {
  try {
    require()
    return ok('disk', `room below ${dataDir}`)
  } catch (error) {
    return wrong('disk', error instanceof Error ? error.message : String(error))
  }
}

/** Node knows the limits of its process from its diagnostic report alone. */
function openFilesMax(): number | 'unlimited' {
  const { userLimits } = process.report.getReport() as unknown as {
    userLimits?: { open_files?: { soft: number | string } }
  }
  const soft = userLimits?.open_files?.soft
  return typeof soft === 'number' ? soft : 'unlimited'
}
