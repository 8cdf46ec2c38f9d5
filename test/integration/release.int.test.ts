import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RELEASE } from '../../prisma/release.ts'
import type { TestDatabase } from '../harness/database.ts'
import { createTestDatabase } from '../harness/start.ts'
import { adjacentReleases, answers, callsIn, functionNames, readRelease, record } from './releases/calls.ts'
import { liveThrough } from './releases/lives.ts'

const RECORD = 'run `npm run record:release`'

/** Calls from one added column to the next, and how long the first of them waits for it. */
const COLUMN_EVERY = 10
const COMMIT_AFTER_MS = 50

function callsOf(release: number) {
  const { texts = [], calls = [] } = readRelease(release) ?? {}
  return {
    statements: calls.map(({ text, values }) => ({ text: texts[text] ?? '', values })),
    expected: calls.map(({ answer }) => answer),
  }
}

describe('the functions of this release', () => {
  it('are called by this code as it is recorded', async () => {
    const names = await functionNames()
    const recorded = readRelease(RELEASE)
    expect(recorded, `release ${RELEASE} is not recorded: ${RECORD}`).toBeDefined()
    const database = await createTestDatabase()
    const statements = await record(() => liveThrough(database))
    await database.close()
    const callers = (texts: readonly string[]) =>
      [...new Set(texts)].filter((text) => callsIn(text, names).length > 0).sort()
    expect(
      callers(statements.map(({ text }) => text)),
      `the statements have changed since they were recorded: ${RECORD}`,
    ).toEqual(callers(recorded?.texts ?? []))
  })

  it.each(adjacentReleases())('answer the callers of release %i as they are used to', async (release) => {
    const { statements, expected } = callsOf(release)
    const database = await createTestDatabase()
    const found = await answers(database.url, statements)
    await database.close()
    for (const [index, answer] of expected.entries())
      expect({ ...statements[index], answer: found[index] }).toEqual({ ...statements[index], answer })
    expect(expected.length).toBeGreaterThan(50)
  })

  it('answer the same while every table gets more columns, also a call that waits for its column', async () => {
    const { statements, expected } = callsOf(RELEASE)
    const database = await createTestDatabase()
    const owner = new pg.Client({ connectionString: database.migratorUrl })
    await owner.connect()
    const { rows } = await owner.query<{ table: string }>(
      `SELECT tablename AS table FROM pg_tables WHERE schemaname = 'public'`,
    )
    const found = await answers(database.url, statements, async (index) => {
      if (index % COLUMN_EVERY !== COLUMN_EVERY - 1) return
      await owner.query('BEGIN')
      for (const { table } of rows) await owner.query(`ALTER TABLE ${table} ADD COLUMN added_${index} text`)
      void sleep(COMMIT_AFTER_MS).then(() => owner.query('COMMIT'))
    })
    await owner.end()
    await database.close()
    expect(found).toEqual(expected)
  })
})

describe('a function', () => {
  let test: TestDatabase
  beforeAll(async () => {
    test = await createTestDatabase()
  })
  afterAll(() => test.close())

  const namesWhere = async (condition: string) => {
    const rows = await test.db.$queryRawUnsafe<{ name: string }[]>(
      `SELECT DISTINCT proname AS name FROM pg_proc p WHERE pronamespace = 'public'::regnamespace AND (${condition}) ORDER BY 1`,
    )
    return rows.map(({ name }) => name)
  }

  it('has one signature, so that a call is never ambiguous', async () => {
    expect(
      await namesWhere(
        '1 < (SELECT count(*) FROM pg_proc o WHERE o.proname = p.proname AND o.pronamespace = p.pronamespace)',
      ),
    ).toEqual([])
  })

  it('has no default, since the same function with one argument more would be another', async () => {
    expect(await namesWhere('pronargdefaults > 0')).toEqual([])
  })

  it('that the application calls takes and returns no row of a table, since tables get more columns', async () => {
    const withRows = await namesWhere(`EXISTS (
      SELECT FROM unnest(coalesce(proallargtypes, proargtypes::oid[]) || prorettype) AS used (type)
        JOIN pg_type t ON t.oid = used.type OR t.oid = (SELECT typelem FROM pg_type WHERE oid = used.type)
       WHERE t.typtype = 'c')`)
    expect(withRows).toEqual(['saga_lock', 'saga_status_unparked'])
    const texts = adjacentReleases().flatMap((release) => readRelease(release)?.texts ?? [])
    expect(texts.flatMap((text) => callsIn(text, withRows))).toEqual([])
  })

  it('is in the database exactly as in prisma/functions', async () => {
    expect(await namesWhere('true')).toEqual((await functionNames()).sort())
  })
})
