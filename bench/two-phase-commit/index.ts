import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { COMPILED } from '../../stack/places.ts'
import { inspectMachine } from '../instruments/machine.ts'
import { killAll } from './kill-trials.ts'
import { measureAll } from './measure.ts'
import { PARTICIPANTS, effectsOf, openConnection, perParticipant } from './participants.ts'
import { figuresOf, publish, type Findings } from './report.ts'
import { startServer, type Server } from './server.ts'

/**
 * What does atomic commit over four databases cost, and what does a saga? Both over the same tables, side by side:
 * docs/two-phase-commit.md. `npx order-saga bench two-phase-commit [rounds]`; the page is written from a whole run alone.
 */
const ROUNDS = 5
const ROUNDS_MAX = 20
const [, rounds = ROUNDS] = process.argv.slice(2).map(Number)
if (!Number.isInteger(rounds) || rounds < 1 || rounds > ROUNDS_MAX)
  throw new Error(`Give a number of rounds from 1 to ${ROUNDS_MAX}.`)

/** Each measurement of each round, to look at what the page sums up. */
const RAW = path.join(COMPILED, 'two-phase-commit.json')

const log = (line: string) => void process.stderr.write(`${line}\n`)

const server = await startServer()
try {
  const describe = await inspectMachine(server.urls.inventory, server.folder)
  const kills = await killAll(server, log)
  const series = await measureAll(server, rounds, log)
  await requireAgreement(server)
  const findings: Findings = { machine: describe(), rounds, series, kills }
  for (const [name, figure] of Object.entries(figuresOf(findings)))
    process.stdout.write(`\n${name}\n${figure}\n`)
  await mkdir(path.dirname(RAW), { recursive: true })
  await writeFile(RAW, JSON.stringify(findings))
  if (rounds >= ROUNDS) await publish(findings)
  else log(`The page is written from ${ROUNDS} rounds on.`)
} finally {
  await server.stop()
}
process.exit()

/** @throws Error when an order has taken effect at some participants and not at others: no figure counts then. */
async function requireAgreement({ urls }: Server): Promise<void> {
  const sessions = await perParticipant((name) => openConnection(urls[name], 'check'))
  const effects = await effectsOf(sessions)
  await perParticipant((name) => sessions[name].end())
  if (new Set(PARTICIPANTS.map((name) => effects[name])).size !== 1)
    throw new Error(`The participants do not agree: ${JSON.stringify(effects)}`)
}
