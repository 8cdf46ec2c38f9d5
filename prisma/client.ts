import { createHash } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import { sessionConfig, type SessionOptions } from '../postgres.ts'
import { PrismaClient } from './generated/client.ts'

export type Database = PrismaClient

/**
 * Opens a pool of connections for the written tables. Statements are prepared once per connection under a name made of
 * their text.
 * @param poolMax connections at most; 4 to 16 is where PostgreSQL on a small machine is fastest.
 */
export function openDatabase(
  url: string,
  poolMax: number,
  limits: Pick<SessionOptions, 'connectTimeoutMs'> = {},
): Database {
  const adapter = new PrismaPg(
    // No limit of the client's own: the adapter would give a connection back that is still busy in its transaction.
    { ...sessionConfig(url, { ...limits, name: 'ordersaga' }), query_timeout: 0, max: poolMax },
    { statementNameGenerator: ({ sql }) => createHash('sha1').update(sql).digest('base64url') },
  )
  return new PrismaClient({ adapter })
}
