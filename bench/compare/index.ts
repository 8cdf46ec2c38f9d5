import { mkdir, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { COMPILED } from '../../stack/places.ts'
import { shuffled } from '../instruments/figures.ts'
import { installPeers } from './install-peers.ts'
import { inspectMachine, type Machine } from '../instruments/machine.ts'
import { CONTESTANTS } from './contestants.ts'
import { startServers } from './servers.ts'
import { figuresOf, publish, type Findings } from './report.ts'
import { playTurn, QUICK, SIZES, type Turn } from './turn.ts'

/**
 * The same orders, carried out by this product and by what a user would take instead: docs/BENCHMARKS.md.
 * `npx order-saga bench compare`; the page is written from a whole run alone. In each round every contestant plays one
 * turn, by itself, in an order that is drawn anew.
 */
const ROUNDS = 5
const ROUNDS_MAX = 20
/** The scenes take most of a turn's time. */
const SCENES_EVERY = 2
/** Of the machine, over the last minute. */
const LOAD_MAX = 0.8

const { values } = parseArgs({
  args: process.argv.slice(3),
  options: {
    rounds: { type: 'string', default: String(ROUNDS) },
    /** Names, with a comma between them. */
    only: { type: 'string', default: '' },
    quick: { type: 'boolean', default: false },
    busy: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1 || rounds > ROUNDS_MAX)
  throw new Error(`Give a number of rounds from 1 to ${ROUNDS_MAX}.`)
const wanted = values.only === '' ? CONTESTANTS.map(({ name }) => name) : values.only.split(',')
const contestants = CONTESTANTS.filter(({ name }) => wanted.includes(name))
if (contestants.length < wanted.length)
  throw new Error(`--only takes some of these: ${CONTESTANTS.map(({ name }) => name).join(',')}`)
const load = os.loadavg()[0] ?? 0
if (load > LOAD_MAX && !values.busy)
  throw new Error(
    `This machine has a load of ${load.toFixed(1)}, and figures would be those of its other work: wait until it has ` +
      'nothing else to do, or give --busy.',
  )

const log = (line: string) => void process.stderr.write(`${line}\n`)
// Before the first turn, so that a machine without them fails at once.
if (contestants.some(({ name }) => name === 'DBOS' || name === 'Restate')) await installPeers(log)
const describeMachine = await inspectMachineOf()
const turns: Record<string, Turn[]> = Object.fromEntries(contestants.map(({ name }) => [name, []]))
for (let round = 1; round <= rounds; round += 1) {
  for (const contestant of shuffled(contestants)) {
    log(`Round ${round} of ${rounds}: ${contestant.name}`)
    // A Temporal on PostgreSQL is there for its rates and costs: what a scene shows does not depend on it.
    const hasScenes = contestant.temporal !== 'postgres' && (round % SCENES_EVERY === 0 || values.quick)
    const turn = await playTurn(contestant, values.quick ? QUICK : SIZES, hasScenes, log)
    turns[contestant.name]?.push(turn)
  }
  await keep()
}
const findings = await keep()
for (const [name, figure] of Object.entries(figuresOf(findings)))
  process.stdout.write(`\n${name}\n${figure}\n`)
if (rounds >= ROUNDS && !values.quick && contestants.length === CONTESTANTS.length) await publish(findings)
else log(`The page is written from a whole run alone: all contestants, at least ${ROUNDS} rounds.`)
process.exit()

/** Each turn, to look at what the page sums up. */
async function keep(): Promise<Findings> {
  const findings: Findings = { machine: describeMachine(), rounds, turns }
  await mkdir(COMPILED, { recursive: true })
  await writeFile(path.join(COMPILED, 'compare.json'), JSON.stringify(findings))
  return findings
}

async function inspectMachineOf(): Promise<() => Machine> {
  const servers = await startServers(undefined, log)
  try {
    return await inspectMachine(servers.ground.database.admin, servers.ground.folder)
  } finally {
    await servers.stop()
  }
}
