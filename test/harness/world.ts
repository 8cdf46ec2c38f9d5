import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Express, type RequestHandler } from 'express'
import { createSandbox } from '../../sandbox/app.ts'
import { openLedger } from '../../sandbox/ledger.ts'
import { freePort } from '../../stack/ports.ts'
import type { ProviderName } from '../../providers.ts'
import type { ProviderFault } from '../../sandbox-faults.ts'

/** The outside world of one system: the sandbox, which can be switched off and made to fail. */
export interface World {
  url: string
  /** PUT /faults. */
  break(
    faults: Partial<Record<ProviderName, ProviderFault>> & {
      percent?: number
      tail?: { percent: number; ms: number }
    },
  ): Promise<void>
  /** DELETE /faults. */
  mend(): Promise<void>
  /** PUT /parcels/…/received: the carrier has it. */
  receiveParcel(reference: string): Promise<void>
  /** As if its process were killed: every connection is lost, and new ones are refused. What it did is not lost. */
  kill(): void
  revive(): Promise<void>
}

/**
 * @param before stands before every provider.
 * @param ledgerFile where the providers remember what they did; in memory unless it is given.
 */
export async function startWorld(before: RequestHandler, ledgerFile?: string): Promise<World> {
  const app = express().use(before, createSandbox(openLedger(ledgerFile)))
  // It must still be free when the world is revived.
  const first = await listen(app, await freePort())
  const { url } = first
  const { port } = new URL(url)
  let { server } = first
  return {
    url,
    async break(faults) {
      const body = JSON.stringify(faults)
      await fetch(`${url}/faults`, { method: 'PUT', body, headers: { 'content-type': 'application/json' } })
    },
    async mend() {
      await fetch(`${url}/faults`, { method: 'DELETE' })
    },
    async receiveParcel(reference) {
      await fetch(`${url}/parcels/${reference}/received`, { method: 'PUT' })
    },
    kill() {
      close(server)
    },
    async revive() {
      server = (await listen(app, Number(port))).server
    },
  }
}

export async function listen(app: Express | Server, port = 0): Promise<{ server: Server; url: string }> {
  const server = app.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

export function close(server: Server): void {
  server.closeAllConnections()
  server.close()
}
