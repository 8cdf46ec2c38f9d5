import type { Logger } from 'pino'
import type { Database } from '../../prisma/client.ts'
import { describeError } from '../../logger.ts'

const INTERVAL_MS = 200

interface Waiter {
  sagaId: string
  version: number
  goOn: () => void
}

/**
 * Tells when sagas move on. However many are waited for, it is one query per interval, and none while nobody waits.
 */
export function createHeadWatch({ db, log }: { db: Pick<Database, 'saga'>; log: Logger }) {
  const waiters = new Set<Waiter>()
  let timer: NodeJS.Timeout | undefined

  const look = async () => {
    const sagaIds = [...new Set([...waiters].map(({ sagaId }) => sagaId))]
    try {
      const heads = await db.saga.findMany({
        where: { id: { in: sagaIds } },
        select: { id: true, version: true },
      })
      const versions = new Map(heads.map(({ id, version }) => [id, version]))
      for (const waiter of waiters) if ((versions.get(waiter.sagaId) ?? 0) > waiter.version) waiter.goOn()
    } catch (error) {
      log.warn({ error: describeError(error) }, 'streams cannot look for news, will look again')
    }
    timer = waiters.size === 0 ? undefined : setTimeout(() => void look(), INTERVAL_MS)
  }

  return {
    /** Resolves when the saga is past `version`, or `signal` is aborted. */
    past(sagaId: string, version: number, signal: AbortSignal): Promise<void> {
      return new Promise((resolve) => {
        const waiter: Waiter = {
          sagaId,
          version,
          goOn() {
            waiters.delete(waiter)
            signal.removeEventListener('abort', waiter.goOn)
            resolve()
          },
        }
        if (signal.aborted) return resolve()
        signal.addEventListener('abort', waiter.goOn)
        waiters.add(waiter)
        timer ??= setTimeout(() => void look(), INTERVAL_MS)
      })
    },
  }
}

export type HeadWatch = ReturnType<typeof createHeadWatch>
