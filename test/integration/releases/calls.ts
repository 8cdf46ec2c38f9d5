import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { readMigrations } from '../../../prisma/migrations.ts'
import { RELEASE } from '../../../prisma/release.ts'
import { readRoutines } from '../../../prisma/routines.ts'

/** One statement, as the application sends it. */
export interface Statement {
  text: string
  values: readonly unknown[]
}

/** What it is answered: columns and rows as text, with times masked, or the SQLSTATE of its failure. */
export type Answer = { columns: string[]; rows: (string | null)[][] } | { error: string }

/** How the application of one release calls the functions. */
export interface RecordedRelease {
  /** Of its migrations, functions and triggers. */
  checksum: string
  /** Each text once. */
  texts: string[]
  calls: { text: number; values: readonly unknown[]; answer: Answer }[]
}

export const fileOf = (release: number): string => path.join(import.meta.dirname, `${release}.json`)

export const readRelease = (release: number): RecordedRelease | undefined =>
  existsSync(fileOf(release))
    ? (JSON.parse(readFileSync(fileOf(release), 'utf8')) as RecordedRelease)
    : undefined

/** The release before this one, and this one: their processes run side by side during a deployment. */
export const adjacentReleases = (): number[] =>
  readdirSync(import.meta.dirname)
    .map((name) => Number(/^(\d+)\.json$/.exec(name)?.[1] ?? Number.NaN))
    .filter((release) => release >= RELEASE - 1)

/** Of what the release number stands for. */
export async function checksumOfRelease(): Promise<string> {
  const hash = createHash('sha256')
  for (const { name, checksum } of [...(await readMigrations()), ...(await readRoutines())])
    hash.update(`${name} ${checksum}\n`)
  return hash.digest('hex')
}

export async function functionNames(): Promise<string[]> {
  const names = (await readRoutines()).map(({ name }) => name)
  return names.filter((name) => name.startsWith('FUNCTION ')).map((name) => name.slice('FUNCTION '.length))
}

/** Which of the functions a text calls. */
export const callsIn = (text: string, names: readonly string[]): string[] =>
  names.filter((name) => new RegExp(`\\b${name}\\s*\\(`).test(text))

/**
 * Does `work`, and records the statements that it sends by any connection of this process: those that call a function,
 * and those that write, which the next calls may depend on.
 */
export async function record(work: () => Promise<void>): Promise<Statement[]> {
  const names = await functionNames()
  const recorded: Statement[] = []
  const query = Reflect.get(pg.Client.prototype, 'query') as (...given: unknown[]) => unknown
  pg.Client.prototype.query = function recordingQuery(this: pg.Client, ...given: [never]) {
    const [config, values] = given as unknown as [string | pg.QueryConfig, unknown]
    const text = typeof config === 'string' ? config : config.text
    if (callsIn(text, names).length > 0 || /^\s*(INSERT|UPDATE|DELETE|WITH)\b/.test(text)) {
      const own = typeof config === 'string' ? undefined : config.values
      recorded.push({ text, values: own ?? (Array.isArray(values) ? values : []) })
    }
    return Reflect.apply(query, this, given) as never
  }
  try {
    await work()
  } finally {
    Reflect.set(pg.Client.prototype, 'query', query)
  }
  return recorded
}

/**
 * Sends statements one after the other by one connection, each text prepared once, and masks what differs from run to
 * run.
 * @param before called before each statement.
 */
export async function answers(
  url: string,
  statements: readonly Statement[],
  before: (index: number) => Promise<void> = async () => undefined,
): Promise<Answer[]> {
  const client = new pg.Client({ connectionString: url, types: { getTypeParser: () => String } })
  await client.connect()
  try {
    const found: Answer[] = []
    for (const [index, { text, values }] of statements.entries()) {
      await before(index)
      // Times are rounded to the millisecond: what was given back in this one may be free in the next one only.
      await sleep(1)
      const name = createHash('sha1').update(text).digest('base64url')
      const query = { name, text, values: [...values], rowMode: 'array' as const }
      found.push(
        await client.query<(string | null)[]>(query).then(
          ({ fields, rows }) => ({
            columns: fields.map(({ name, dataTypeID }) => `${name} ${dataTypeID}`),
            rows: rows.map((row) => row.map((value) => (value === null ? null : masked(value)))),
          }),
          (error: pg.DatabaseError) => ({ error: error.code ?? error.message }),
        ),
      )
    }
    return found
  } finally {
    await client.end()
  }
}

/** Times are those of the run, and the elements of an array are in no order. */
const masked = (value: string): string =>
  /^\{[\w,]*\}$/.test(value) ? `{${value.slice(1, -1).split(',').sort().join(',')}}` : withoutTimes(value)

const withoutTimes = (value: string): string =>
  value.replaceAll(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:\d\d)?)?/g, '<time>')
