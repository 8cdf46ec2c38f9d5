import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'

/** `npx order-saga bench <name>`: figures of one run on this machine, to compare within it and nowhere else. */
const benches = new Map(
  readdirSync(import.meta.dirname)
    .filter((entry) => entry !== 'index.ts')
    .map((entry): [string, string] =>
      entry.endsWith('.ts') ? [entry.replace(/\.ts$/, ''), entry] : [entry, path.join(entry, 'index.ts')],
    )
    .filter(([, file]) => existsSync(path.join(import.meta.dirname, file))),
)
const [name = ''] = process.argv.slice(2)
const file = benches.get(name)

if (file === undefined) {
  process.stderr.write(`Usage: npx order-saga bench ${[...benches.keys()].join(' | ')}\n`)
  process.exitCode = 1
} else {
  await import(`./${file}`)
}
