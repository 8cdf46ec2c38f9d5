import { createHash } from 'node:crypto'
import type pg from 'pg'
import { DATABASE_UNAVAILABLE, Fault } from '../../faults.ts'

/** Statements, each on some connection or all on that of a database transaction. */
export interface Sql {
  /** @returns the rows. A statement with values is prepared once per connection. */
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>
}

export const sqlOf = (client: pg.Pool | pg.ClientBase): Sql => ({
  async query<Row>(text: string, values?: readonly unknown[]) {
    const statement = values === undefined ? { text } : { name: nameOf(text), text, values: [...values] }
    // Both have this signature; their overloads cannot be called as one.
    const result = await (client as pg.ClientBase).query(statement).catch((error: unknown) => {
      throw isWithoutCode(error) ? unavailable(error) : error
    })
    return result.rows as Row[]
  },
})

/**
 * Runs `work` in one database transaction.
 * @throws what `work` throws, or a Fault DATABASE_UNAVAILABLE when the connection was lost: whether the transaction
 * has committed is then not known.
 */
export async function inTransaction<T>(pool: pg.Pool, work: (db: Sql) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw unavailable(error)
  })
  // Without a listener, a connection that is lost while in use would end the process.
  const ignore = () => undefined
  client.on('error', ignore)
  let lost: Error | undefined
  try {
    await client.query('BEGIN')
    const result = await work(sqlOf(client))
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {
      lost = unavailable(error)
    })
    throw lost ?? error
  } finally {
    client.off('error', ignore)
    client.release(lost)
  }
}

/** What the driver says when a connection was lost, or that none could be had. */
const isWithoutCode = (error: unknown): boolean =>
  error instanceof Error && error.name === 'Error' && !('code' in error)

const unavailable = (cause: unknown): Fault =>
  Object.assign(new Fault(DATABASE_UNAVAILABLE, 'The connection to PostgreSQL was lost.'), { cause })

const names = new Map<string, string>()

/** Statements are constants of the code, so there are few. */
function nameOf(text: string): string {
  const known = names.get(text)
  if (known !== undefined) return known
  const name = createHash('sha1').update(text).digest('base64url')
  names.set(text, name)
  return name
}
