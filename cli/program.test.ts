import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import { expect, it } from 'vitest'
import { ROOT } from '../root.ts'
import { buildProgram } from './program.ts'

interface Leaf {
  words: string
  command: Command
}

const leavesOf = (command: Command, words: string): Leaf[] =>
  command.commands.length === 0
    ? [{ words, command }]
    : command.commands.flatMap((child) => leavesOf(child, `${words} ${child.name()}`))

const leaves = leavesOf(buildProgram(), 'order-saga')

it.each(leaves)('the help of $words says what it does, with an example', ({ words, command }) => {
  let help = ''
  command.configureOutput({ writeOut: (text) => void (help += text) }).outputHelp()
  expect(help).toContain(`  $ ${words}`)
  expect(command.description()).not.toBe('')
})

it('docs/cli.md names every command', () => {
  const page = readFileSync(path.join(ROOT, 'docs/cli.md'), 'utf8')
  const missing = buildProgram().commands.filter(
    (command) => !new RegExp(`\`${command.name()}\\b`).test(page),
  )
  expect(missing.map((command) => command.name())).toEqual([])
})

/** As the page says: what cannot be undone. */
const FINAL = [
  'accounts close',
  'dead-letters discard',
  'keys revoke',
  'parked skip',
  'processes kill',
  'restore',
]

it('what cannot be undone takes --yes, and nothing else does', () => {
  const asking = leaves.filter(({ command }) => command.options.some(({ long }) => long === '--yes'))
  expect(asking.map(({ words }) => words.replace('order-saga ', '')).toSorted()).toEqual(FINAL)
})
