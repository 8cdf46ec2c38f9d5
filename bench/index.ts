import { readdirSync } from 'node:fs'
import process from 'node:process'

/** `npm run bench -- <name>`: figures of one run on this machine, to compare within it and nowhere else. */
const names = readdirSync(import.meta.dirname)
  .map((file) => file.replace(/\.ts$/, ''))
  .filter((name) => name !== 'index' && name !== 'figures')
const [name = ''] = process.argv.slice(2)

if (names.includes(name)) {
  await import(`./${name}.ts`)
} else {
  process.stderr.write(`Usage: npm run bench -- ${names.join(' | ')}\n`)
  process.exitCode = 1
}
