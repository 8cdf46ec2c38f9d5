import { createHash } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import { openPool, type SessionOptions } from '../postgres.ts'
import { PrismaClient } from './generated/client.ts'

export type Database = PrismaClient

/**
 * Opens a pool of connections for the written tables. Statements are prepared once per connection under a name made of
 * their text.
 * @param poolMax connections at most; 4 to 16 is where PostgreSQL on a small machine is fastest.
 * @param options of each session, where they are not the usual ones.
 */
export function openDatabase(
  url: string,
  poolMax: number,
  {
    name = 'ordersaga',
    ...limits
  }: Partial<Pick<SessionOptions, 'name' | 'connectTimeoutMs' | 'statementTimeoutMs'>> = {},
): Database {
  const pool = openPool(url, { ...limits, max: poolMax, name })
  const adapter = new PrismaPg(pool, {
    disposeExternalPool: true,
    statementNameGenerator: ({ sql }) => createHash('sha1').update(sql).digest('base64url'),
  })
  return new PrismaClient({ adapter })
}
