import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { ROOT } from '../../root.ts'
import { percentiles, short } from '../instruments/figures.ts'
import { describeMachine } from '../instruments/machine.ts'
import { markdownTable as table, replaceFigures } from '../instruments/page.ts'
import type { Kind } from './jobs.ts'
import { growthOf, type Findings, type Growth, type Measured } from './findings.ts'
import { drawGrowth } from './plot.ts'
import type { Size } from './sizes.ts'

/** Draws the plot, and replaces the figures on the pages; the words around them stay. */
export async function publish(findings: Findings): Promise<void> {
  await writeFile(path.join(ROOT, 'docs', 'images', 'growth.svg'), drawGrowth(findings))
  const { 'the tables': tables = '', ...figures } = figuresOf(findings)
  await replaceOn('growth.md', figures)
  await replaceOn(path.join('growth', 'tables.md'), { 'the tables': tables })
}

async function replaceOn(page: string, figures: Readonly<Record<string, string>>): Promise<void> {
  const file = path.join(ROOT, 'docs', page)
  await writeFile(file, replaceFigures(await readFile(file, 'utf8'), figures))
}

export function printFindings(findings: Findings): void {
  const all = { ...figuresOf(findings), 'all calls': callTable(findings, findings.measured) }
  for (const [name, figure] of Object.entries(all)) process.stdout.write(`\n${name}\n${figure}\n`)
}

const KINDS: Record<Kind, string> = {
  order: 'the way of an order',
  page: 'pages and lists',
  job: 'jobs',
  scan: 'reads everything',
}

export function figuresOf(findings: Findings): Record<string, string> {
  const { measured, sizes } = findings
  const counts = (Object.keys(KINDS) as Kind[]).map((kind) => {
    const those = measured.filter((one) => one.kind === kind)
    const count = (growth: Growth) => String(those.filter((one) => growthOf(one) === growth).length)
    return [KINDS[kind], count('flat'), count('levels off'), count('grows')]
  })
  const way = measured.filter(({ kind }) => kind === 'order')
  const others = measured.filter((one) => one.kind !== 'order' && growthOf(one) !== 'flat')
  return {
    'the machine': describeMachine(findings.machine),
    'how many grow': table(['calls', 'flat', 'level off', 'grow'], counts),
    'the way of an order': callTable(findings, way),
    'what is not flat': callTable(findings, others),
    'the invariants': invariantTable(findings),
    'the tables': sizeTable(findings.tables.at(-1) ?? [], sizes.at(-1) ?? 1),
  }
}

const thousands = (count: number) => count.toLocaleString('en')

function callTable({ sizes }: Findings, those: readonly Measured[]): string {
  const perSize = (title: string) => sizes.map((size) => `${title} ${thousands(size)}`)
  return table(
    ['call', ...perSize('buffers'), 'growth', 'rows', 'ms, median', 'ms, p99'],
    those.map((one) => {
      const last = one.at.at(-1)
      const { p50, p99 } = percentiles(last?.timesMs ?? [])
      return [
        one.name,
        ...one.at.map(({ buffers }) => thousands(buffers)),
        growthOf(one),
        thousands(last?.rows ?? 0),
        short(p50),
        short(p99),
      ]
    }),
  )
}

const invariantTable = ({ sizes, invariantsMs }: Findings) =>
  table(
    ['orders', 'a check of all takes'],
    sizes.map((size, n) => {
      const tookMs = invariantsMs[n]
      return [
        thousands(size),
        tookMs === undefined ? 'more than a minute: given up' : `${short(tookMs / 1000)} s`,
      ]
    }),
  )

/** Tables of less than this are left out. */
const BYTES_MIN = 10

/** What takes rows away; of the other tables nothing does. */
const TAKEN_AWAY: Readonly<Record<string, string>> = {
  outbox: 'an hour after publication',
  broker_messages: 'an hour after all have read it',
  idempotency_keys: 'after 72 hours',
  order_addresses: 'by erasure',
  reconciliation_differences: 'what has gone, after 90 days',
  sales_orders: 'when the order has ended',
}

function sizeTable(tables: readonly Size[], orders: number): string {
  const shown = tables.filter(({ tableBytes, indexBytes }) => (tableBytes + indexBytes) / orders >= BYTES_MIN)
  const sum = tables.reduce((bytes, { tableBytes, indexBytes }) => bytes + tableBytes + indexBytes, 0)
  return table(
    ['table', 'rows', 'bytes an order', 'of that indexes', 'taken away'],
    [
      ...shown.map(({ table: name, rows, tableBytes, indexBytes }) => [
        `\`${name}\``,
        thousands(rows),
        thousands(Math.round((tableBytes + indexBytes) / orders)),
        thousands(Math.round(indexBytes / orders)),
        TAKEN_AWAY[name] ?? 'never',
      ]),
      ['all', '', thousands(Math.round(sum / orders)), '', ''],
    ],
  )
}
