import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { ROOT } from '../root.ts'

const FUNCTIONS = path.join(ROOT, 'prisma', 'functions')

/** One function or trigger of prisma/functions. */
export interface Routine {
  /** E.g. `FUNCTION step_enter` or `TRIGGER sagas_moves`. */
  name: string
  sql: string
  checksum: string
}

/**
 * The functions and triggers of prisma/functions, in the order in which they are applied: by file name, then as in the
 * file.
 * @throws Error when a file has any other statement, or when a name is defined twice.
 */
export async function readRoutines(): Promise<Routine[]> {
  const files = (await readdir(FUNCTIONS)).filter((name) => name.endsWith('.sql')).sort()
  const texts = await Promise.all(
    files.map(async (file) => ({ file, text: await readFile(path.join(FUNCTIONS, file), 'utf8') })),
  )
  const routines = texts.flatMap(({ file, text }) => routinesOf(file, text))
  const names = routines.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new Error(`prisma/functions defines ${twice} twice: keep one definition.`)
  return routines
}

/** Splits a file into its statements. A comment above a statement is no part of it. */
export function routinesOf(file: string, text: string): Routine[] {
  const [before = '', ...statements] = text.split(/^(?=CREATE OR REPLACE )/m)
  if (withoutComments(before) !== '') throw misplaced(file, before)
  return statements.map((statement) => {
    const sql = withoutComments(statement)
    const name = /^CREATE OR REPLACE (FUNCTION \w+(?=\()|TRIGGER \w+(?=\s))/.exec(sql)?.[1]
    if (name === undefined || !isOneStatement(sql)) throw misplaced(file, sql)
    return { name, sql, checksum: checksumOf(sql) }
  })
}

export const checksumOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Comments inside the body of a function stay: they are stored with it. */
function withoutComments(statement: string): string {
  const lines = statement.split('\n')
  while (/^\s*(--.*)?$/.test(lines.at(-1) ?? 'end')) lines.pop()
  return lines.join('\n')
}

/** A function's body is between two `$$`; a trigger has none. */
function isOneStatement(sql: string): boolean {
  const [head = '', body, tail, ...more] = sql.split('$$')
  return body === undefined
    ? head.indexOf(';') === head.length - 1
    : tail === ';' && more.length === 0 && !head.includes(';')
}

const misplaced = (file: string, sql: string) =>
  new Error(
    `prisma/functions/${file} may hold only CREATE OR REPLACE FUNCTION with a body between $$, and CREATE OR REPLACE TRIGGER. Found: ${sql.slice(0, 200)}`,
  )
