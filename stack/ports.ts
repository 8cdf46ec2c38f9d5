import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * Below the ports that Linux (from 32768), macOS and Windows (from 49152) give to outgoing connections and to servers
 * that ask for any: a port that is found here and used a moment later is not taken in between.
 */
const FREE_PORTS = { from: 20_000, below: 32_000 }
const TRIES_MAX = 100

/** A port of this machine that nobody listens on now. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const port = randomInt(FREE_PORTS.from, FREE_PORTS.below)
    if (await isFree(port)) return port
  }
  throw new Error(`No free port was found between ${FREE_PORTS.from} and ${FREE_PORTS.below}.`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}

/** @throws Error that names the variable to change when the port is taken. */
export function requireFreePort(port: number, variable: string, host = '127.0.0.1'): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', () => reject(new Error(`Port ${port} is taken: set ${variable} to a free one.`)))
    probe.listen(port, host, () => probe.close(() => resolve()))
  })
}
