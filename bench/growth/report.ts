import Table from 'cli-table3'
import process from 'node:process'
export interface Measured { name: string; kind: string; at: { buffers: number; rows: number; scanned: string[]; timesMs: number[] }[] }
export interface Findings { sizes: readonly number[]; measured: Measured[]; tables: import('./sizes.ts').Size[][]; machine: object }
export function printFindings({ measured }: Findings) {
  const t = new Table({ head: ['k', 'name', 'buffers', 'rows', 'ms', 'scans'] })
  for (const m of measured) t.push([m.kind, m.name, m.at.map((a) => a.buffers).join(' '), m.at.map((a) => a.rows).join(' '), m.at.map((a) => (a.timesMs.toSorted((x, y) => x - y)[Math.floor(a.timesMs.length / 2)] ?? 0).toFixed(1)).join(' '), m.at.at(-1)?.scanned.join(' ')])
  process.stdout.write(t.toString())
}
export async function publish(_: Findings) {}
