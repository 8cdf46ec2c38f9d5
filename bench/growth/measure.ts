import { performance } from 'node:perf_hooks'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { openPool, openSession } from '../../postgres.ts'
import { PrismaClient } from '../../prisma/generated/client.ts'
import type { Database } from '../../prisma/client.ts'

/** What the product sends to PostgreSQL in one call: statements with their values. */
export interface Statement {
  text: string
  values: readonly unknown[]
  /** Whether it belongs to the cost of the call. */
  isCounted: boolean
}

/** Over all statements of a call, also of the functions that they call. */
export interface Cost {
  /** Shared buffers that were touched. */
  buffers: number
  /** Rows that scans have read from tables; index-only scans read none. */
  rows: number
  /** Tables that were read from end to end. */
  scanned: string[]
}

/** Executions after which PostgreSQL has decided whether a prepared statement keeps one plan for all values. */
const SETTLED = 6

export type Setup = <T>(work: () => Promise<T>) => Promise<T>

/** Opens connections for what the product calls, and for what it then says to PostgreSQL again. */
export interface Probe {
  db: Database
  pool: pg.Pool
  /** Everything that `call` sends, in a database transaction that is undone. What `setup` sends counts for nothing. */
  statementsOf(call: (setup: Setup) => Promise<unknown>): Promise<Statement[]>
  /** The statements again, undone too. @returns milliseconds. */
  time(statements: readonly Statement[]): Promise<number>
  /** What they cost: the most of the first execution, and of one after PostgreSQL has settled on a plan. */
  costOf(statements: readonly Statement[], executions?: number): Promise<Cost>
  close(): Promise<void>
}

export async function openProbe(
  url: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Probe> {
  const options = { name: 'growth', statementTimeoutMs: 0, settings }
  const pool = openPool(url, { ...options, max: 1 })
  const session = openSession(url, options)
  let seen: Statement[] | undefined
  let isCounted = true
  const setup: Setup = async (work) => {
    isCounted = false
    try {
      return await work()
    } finally {
      isCounted = true
    }
  }
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown
    Object.assign(client, {
      query: (given: unknown, ...more: unknown[]) => {
        const statement = typeof given === 'string' ? { text: given } : Object(given)
        const { text = '', values = Array.isArray(more[0]) ? more[0] : [] } = statement as Partial<Statement>
        if (seen === undefined) return query(given, ...more)
        // The database transaction around all of it is the only one.
        if (/^\s*(BEGIN|COMMIT|START TRANSACTION|SET TRANSACTION|SAVEPOINT|RELEASE)\b/i.test(text))
          return query(
            typeof given === 'string'
              ? 'SELECT'
              : Object.assign({}, given, { text: 'SELECT', name: undefined, values: [] }),
            ...more,
          )
        seen.push({ text, values, isCounted })
        return query(given, ...more)
      },
    })
  })
  const db = new PrismaClient({ adapter: new PrismaPg(pool, { disposeExternalPool: false }) })
  await session.connect()
  const prepared = new Map<string, string>()
  const nameOf = (text: string) => {
    const name = prepared.get(text) ?? `growth_${prepared.size}`
    prepared.set(text, name)
    return name
  }
  const undone = async <T>(work: () => Promise<T>): Promise<T> => {
    await session.query('BEGIN')
    try {
      return await work()
    } finally {
      await session.query('ROLLBACK')
    }
  }
  const explained = new Set<string>()
  const explainOne = async (text: string, values: readonly unknown[]): Promise<Plan> => {
    const name = `explained_${nameOf(text)}`
    if (!explained.has(name)) await session.query(`PREPARE ${name} AS ${text}`)
    explained.add(name)
    const list = values.length === 0 ? '' : `(${values.map(literal).join(', ')})`
    const { rows } = await session.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
      `EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) EXECUTE ${name}${list}`,
    )
    const plan = rows[0]?.['QUERY PLAN'][0].Plan
    if (plan === undefined) throw new Error(`There is no plan of ${text}`)
    return plan
  }
  const explain = async (statements: readonly Statement[]): Promise<Cost> => {
    let [buffers, rows] = [0, 0]
    const scanned = new Set<string>()
    for (const { text, values, isCounted } of statements) {
      if (!isCounted) {
        await session.query({ name: nameOf(text), text, values: [...values] })
        continue
      }
      const before = await countersOf(session)
      const plan = await explainOne(text, values)
      buffers += plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
      for (const table of scansIn(plan)) scanned.add(table)
      for (const [table, { read, scans }] of await countersOf(session)) {
        rows += read - (before.get(table)?.read ?? 0)
        // Those of functions are in no plan.
        if (scans > (before.get(table)?.scans ?? 0)) scanned.add(table)
      }
    }
    return { buffers, rows, scanned: [...scanned].toSorted() }
  }
  return {
    db,
    pool,
    async statementsOf(call) {
      await pool.query('BEGIN')
      const statements: Statement[] = []
      seen = statements
      try {
        await call(setup)
      } finally {
        seen = undefined
        await pool.query('ROLLBACK')
      }
      return statements
    },
    async time(statements) {
      return undone(async () => {
        let tookMs = 0
        for (const { text, values, isCounted } of statements) {
          const beganAt = performance.now()
          await session.query({ name: nameOf(text), text, values: [...values] })
          if (isCounted) tookMs += performance.now() - beganAt
        }
        return tookMs
      })
    },
    async costOf(statements, executions = SETTLED) {
      let most: Cost = { buffers: -1, rows: 0, scanned: [] }
      // What the first one reads of the database's catalogue is no part of it; beside a scan it is little.
      if (executions > 1) await undone(() => explain(statements))
      for (let n = 0; n < executions; n += 1) {
        const cost = await undone(() => explain(statements))
        const isCounted = n === 0 || n === executions - 1
        if (isCounted && cost.buffers > most.buffers) most = cost
      }
      return most
    },
    async close() {
      await db.$disconnect()
      await session.end()
      await pool.end()
    },
  }
}

interface Plan {
  'Node Type': string
  'Relation Name'?: string
  'Shared Hit Blocks': number
  'Shared Read Blocks': number
  Plans?: Plan[]
}

function scansIn(plan: Plan): string[] {
  const own =
    plan['Node Type'] === 'Seq Scan' && plan['Relation Name'] !== undefined ? [plan['Relation Name']] : []
  return [...own, ...(plan.Plans ?? []).flatMap(scansIn)]
}

async function countersOf(session: pg.Client): Promise<Map<string, { read: number; scans: number }>> {
  const { rows } = await session.query<{ name: string; read: number; scans: number }>(
    `SELECT relname AS name, seq_tup_read + coalesce(idx_tup_fetch, 0) AS read, seq_scan AS scans FROM pg_stat_xact_user_tables`,
  )
  return new Map(rows.map(({ name, ...counts }) => [name, counts]))
}

/** A value as the driver would send it, written into a statement. */
function literal(value: unknown): string {
  if (value === null || value === undefined) return 'NULL'
  if (Array.isArray(value)) return pg.escapeLiteral(`{${value.map(element).join(',')}}`)
  if (value instanceof Date) return pg.escapeLiteral(value.toISOString())
  if (value instanceof Uint8Array)
    return pg.escapeLiteral(String.raw`\x${Buffer.from(value).toString('hex')}`)
  return pg.escapeLiteral(typeof value === 'object' ? JSON.stringify(value) : textOf(value as Scalar))
}

const element = (value: unknown): string =>
  value === null ? 'NULL' : `"${textOf(value as Scalar).replaceAll(/["\\]/g, String.raw`\$&`)}"`

type Scalar = string | number | bigint | boolean

const textOf = (value: Scalar): string => String(value)
