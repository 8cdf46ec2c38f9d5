import type pg from 'pg'
import { expect } from 'vitest'
import { sqlOf } from '../../events/store/sql.ts'
import type { Database } from '../../prisma/client.ts'
import { freshnessOf } from '../../read-models/freshness.ts'
import { hashOf } from '../../read-models/projection.ts'
import { PROJECTIONS } from '../../read-models/registry.ts'
import { until } from './poll.ts'

/** Where read models are. */
interface ReadModels {
  db: Database
  pool: pg.Pool
}

export const caughtUp = ({ pool }: ReadModels): Promise<true> =>
  until('everything to be applied', async () => {
    const lags = await Promise.all(PROJECTIONS.map(({ name }) => freshnessOf(sqlOf(pool), name)))
    return lags.every(({ lagMs }) => lagMs === 0) ? true : undefined
  })

const hashes = async ({ db, pool }: ReadModels): Promise<string[]> => {
  const rows = await db.projection.findMany()
  return Promise.all(
    PROJECTIONS.map((projection) =>
      hashOf(sqlOf(pool), projection, rows.find(({ name }) => name === projection.name)?.generation ?? 0),
    ),
  )
}

export const wishRebuilds = ({ db }: Pick<ReadModels, 'db'>) =>
  db.projection.updateMany({ data: { rebuildWishedAt: new Date() } })

export const rebuildsDone = ({ db }: Pick<ReadModels, 'db'>): Promise<true> =>
  until('the rebuilds to be done', async () =>
    (await db.projection.count({ where: { rebuildWishedAt: null } })) === PROJECTIONS.length
      ? true
      : undefined,
  )

/** The read models have what a rebuild out of the store has: nothing was lost, and nothing applied twice. */
export async function expectEachAppliedOnce(models: ReadModels): Promise<void> {
  await caughtUp(models)
  const live = await hashes(models)
  await wishRebuilds(models)
  await rebuildsDone(models)
  expect(await hashes(models)).toEqual(live)
  expect(await models.db.deadLetter.count()).toBe(0)
}
