import process from 'node:process'
import { type Command, InvalidArgumentError } from 'commander'
import { createClient, type Client } from './client.ts'
import { createOutput, type Output } from './output.ts'
import { DEFAULT_URL, readKey, readUrl } from './settings.ts'

/** The options that every command takes. */
export interface GlobalOptions {
  url?: string
  json?: boolean
}

/** What a command that calls the API works with: the last argument of each action is its command. */
export function open(command: Command): { client: Client; out: Output } {
  const { url } = globalsOf(command)
  const client = createClient({ url, key: readKey(process.env) })
  return { client, out: openOutput(command) }
}

export const openOutput = (command: Command): Output => createOutput({ isJson: globalsOf(command).json })

/** @throws UsageError for a URL that is none. */
export function globalsOf(command: Command): { url: string; json: boolean } {
  const { url, json = false } = command.optsWithGlobals<GlobalOptions>()
  const { ORDER_SAGA_URL: named = '' } = process.env
  return { url: readUrl(url ?? (named === '' ? DEFAULT_URL : named)), json }
}

/** For `addHelpText('after', …)`. */
export const example = (...lines: string[]): string =>
  ['', lines.length === 1 ? 'Example:' : 'Examples:', ...lines.map((line) => `  $ order-saga ${line}`)].join(
    '\n',
  )

/** The options of lists. */
export const paged = (command: Command): Command =>
  command
    .option('--limit <n>', 'so many at once, 1 to 100', integer, 20)
    .option('--cursor <cursor>', 'the next page')

/** @throws InvalidArgumentError, which names the option. */
export function integer(text: string): number {
  if (!/^-?\d{1,15}$/.test(text)) throw new InvalidArgumentError('It is no integer.')
  return Number(text)
}

export interface Line {
  sku: string
  quantity: number
}

/** `TEA-001:2`, or `TEA-001` for one of it. Given again for each line. */
export function readLine(text: string, before: Line[] = []): Line[] {
  const { sku, quantity = '1' } = /^(?<sku>[^:]+)(:(?<quantity>\d{1,9}))?$/.exec(text)?.groups ?? {}
  if (sku === undefined) throw new InvalidArgumentError('Write e.g. TEA-001:2 for two of TEA-001.')
  return [...before, { sku, quantity: Number(quantity) }]
}

/** An amount in minor units as people read it, e.g. `15.90 EUR`. */
export const money = (minor: number, currency = ''): string =>
  `${minor < 0 ? '-' : ''}${Math.trunc(Math.abs(minor) / 100)}.${String(Math.abs(minor) % 100).padStart(2, '0')} ${currency}`.trimEnd()

/** A time as lists show it: to the second. */
export const time = (iso: string): string => iso.replace(/\.\d+Z$/, 'Z')
