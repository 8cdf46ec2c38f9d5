import process from 'node:process'
import readline from 'node:readline/promises'
import { styleText } from 'node:util'
import { Failed, Interrupted, UsageError } from './failures.ts'
import type { Environment } from './settings.ts'
import { layOut, plain, type Cell } from './table.ts'

type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim'

/** How a status is shown; what is not listed has no colour. */
const COLOURS: Readonly<Record<string, Colour>> = {
  completed: 'green',
  refunded: 'green',
  done: 'green',
  ok: 'green',
  rejected: 'yellow',
  cancelled: 'yellow',
  refused: 'yellow',
  expired: 'yellow',
  compensating: 'yellow',
  waiting: 'yellow',
  unknown: 'yellow',
  parked: 'red',
  failed: 'red',
  wrong: 'red',
  skipped: 'dim',
  none: 'dim',
}

interface Terminal {
  isTTY?: boolean | undefined
  columns?: number | undefined
}

/** https://no-color.org: not in a pipe, not where NO_COLOR is set. */
export const wantsColours = ({ isTTY }: Terminal, env: Environment): boolean =>
  isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'

export type Output = ReturnType<typeof createOutput>

/** What a command prints: the API's answer on standard output, everything else on standard error. */
export function createOutput({ isJson }: { isJson: boolean }) {
  const hasColours = wantsColours(process.stdout, process.env)
  const paint = (text: string, colour: Colour | undefined = COLOURS[text]): string =>
    hasColours && colour !== undefined ? styleText(colour, text, { validateStream: false }) : text
  const print = (text: string): boolean => process.stdout.write(`${text}\n`)
  const table = (head: readonly string[], rows: readonly (readonly Cell[])[]): void =>
    void print(
      rows.length === 0
        ? 'None.'
        : layOut(head, rows, {
            available: process.stdout.isTTY ? process.stdout.columns : undefined,
            paint: (shown, text) => paint(shown, COLOURS[text]),
          }),
    )
  return {
    isJson,
    hasColours,
    paint,
    print,
    table,
    /** Beside the answer: a program that reads the answer reads nothing else. */
    note: (text: string): boolean => process.stderr.write(`${text}\n`),
    /** The answer as JSON where that is asked for, else what `show` prints of it. */
    answer(data: unknown, show: () => unknown): void {
      if (isJson) print(JSON.stringify(data))
      else show()
    },
    /** A page of a list. */
    page<Row>(
      answer: { data: readonly Row[]; nextCursor?: string | null },
      head: readonly string[],
      rowOf: (row: Row) => readonly Cell[],
    ): void {
      if (isJson) return void print(JSON.stringify(answer))
      const { data, nextCursor } = answer
      table(head, data.map(rowOf))
      if (nextCursor !== null && nextCursor !== undefined)
        process.stderr.write(`There are more: narrow it down, or add --cursor ${nextCursor}\n`)
    },
    /** Lines of a name and what it is; those without a value are left out. */
    fields(fields: Readonly<Record<string, Cell>>): void {
      const shown = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)
      const width = Math.max(...shown.map(([name]) => name.length))
      for (const [name, value] of shown) print(`${name.padEnd(width)}  ${paint(plain(String(value)))}`)
    },
  }
}

/**
 * Asks before what cannot be undone.
 * @throws UsageError where no one can be asked and `--yes` was not given.
 */
export async function confirm(question: string, { yes = false }: { yes?: boolean }): Promise<void> {
  if (yes) return
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new UsageError(`${question} This cannot be undone: add --yes to do it without a terminal.`)
  const terminal = readline.createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal
    .question(`${question} This cannot be undone. [y/N] `)
    .catch(() => {
      throw new Interrupted('Nothing was done.')
    })
    .finally(() => terminal.close())
  if (!/^y(es)?$/i.test(answer.trim())) throw new Failed('Nothing was done.')
}
