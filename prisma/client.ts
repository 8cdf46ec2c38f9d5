import { createHash } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from './generated/client.ts'

export type Database = PrismaClient

/** A statement that takes longer than this is given up by PostgreSQL, in milliseconds. */
const STATEMENT_TIMEOUT_MS = 3000

/**
 * Opens a pool of connections. Statements are prepared once per connection under a name made of their text.
 * @param poolMax connections at most; 4 to 16 is where PostgreSQL on a small machine is fastest.
 */
export function openDatabase(url: string, poolMax: number): Database {
  const adapter = new PrismaPg(
    {
      connectionString: url,
      max: poolMax,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      connectionTimeoutMillis: STATEMENT_TIMEOUT_MS,
      application_name: 'ordersaga',
    },
    { statementNameGenerator: ({ sql }) => createHash('sha1').update(sql).digest('base64url') },
  )
  return new PrismaClient({ adapter })
}
