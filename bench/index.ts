import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'

/** `npx order-saga bench <name>`: figures of one run on this machine, to compare within it and nowhere else. */
const benches = new Map(
  readdirSync(import.meta.dirname, { withFileTypes: true })
    .map((entry): [string, string] =>
      entry.isDirectory()
        ? [entry.name, `./${entry.name}/index.ts`]
        : [entry.name.replace(/\.ts$/, ''), `./${entry.name}`],
    )
    .filter(
      ([name, file]) =>
        name !== 'index' && name !== 'figures' && existsSync(path.join(import.meta.dirname, file)),
    ),
)
const [name = ''] = process.argv.slice(2)
const file = benches.get(name)

if (file === undefined) {
  process.stderr.write(`Usage: npx order-saga bench ${[...benches.keys()].join(' | ')}\n`)
  process.exitCode = 1
} else {
  await import(file)
}
