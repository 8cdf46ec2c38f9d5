import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * Below the ports that Linux (from 32768), macOS and Windows (from 49152) give to outgoing connections and to servers
 * that ask for any: a port that is found here and used a moment later is not taken in between.
 */
const FREE_PORTS = { from: 20_000, below: 32_000 }
const TRIES_MAX = 100

/** A port of this machine that is free now. */
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

/** @throws Error that names the variable to change when the port cannot be had. */
export function requireFreePort(port: number, variable: string, host = '127.0.0.1'): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', ({ code }: NodeJS.ErrnoException) => reject(new Error(advice(code))))
    probe.listen(port, host, () => probe.close(() => resolve()))
  })
  function advice(code: string | undefined): string {
    if (code === 'EADDRINUSE') return portTaken(port, variable).message
    if (code === 'EACCES') return `Port ${port} is closed to this user: set ${variable} to one above 1023.`
    return `Nothing can listen at ${host} (${code}): set HOST to an address of this machine, or unset it.`
  }
}

export const portTaken = (port: number, variable: string): Error =>
  new Error(`Port ${port} is taken: set ${variable} to a free one.`)

/** @throws Error that names the variable to change, also for a port that browsers and `fetch` refuse, e.g. 6000. */
export async function requireHttpPort(port: number, variable: string, host: string): Promise<void> {
  await requireFreePort(port, variable, host)
  const refusal = await fetch(`http://127.0.0.1:${port}`).catch((error: unknown) => (error as Error).cause)
  if (refusal instanceof Error && refusal.message === 'bad port')
    throw new Error(`Port ${port} is one that browsers refuse: set ${variable} to another.`)
}
