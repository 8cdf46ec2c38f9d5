import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { jetstream } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { inject } from 'vitest'
import type { TransportSettings } from '../../events/broker/open-transport.ts'
import { startNats } from '../../stack/nats.ts'
import { isAlive } from '../../stack/pids.ts'
import { freePort } from '../../stack/ports.ts'
import type { TestDatabase } from './database.ts'
import { until } from './poll.ts'
import { createTestDatabase } from './start.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

/** A broker of a test's own, that can be taken away and brought back. */
export interface Broker {
  settings: TransportSettings
  /** The same broker over a line of its own, which can be cut as if the process at its end had died, or fall silent. */
  onLine(): Promise<{ settings: TransportSettings; line: TcpProxy }>
  /** Stores a message that no relay has written: JSON, or anything at all where the broker takes that. */
  put(body: string | Uint8Array): Promise<void>
  takeAway(): Promise<void>
  bringBack(): Promise<void>
  close(): Promise<void>
}

/** The embedded broker; its connections are cut when it is taken away. */
export async function startPostgresBroker(): Promise<Broker & { db: TestDatabase['db'] }> {
  const database = await createTestDatabase()
  const proxied = async () => {
    const url = new URL(database.url)
    const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) })
    url.port = String(proxy.port)
    proxies.push(proxy)
    return { proxy, settings: { kind: 'postgres' as const, url: url.href } }
  }
  const proxies: TcpProxy[] = []
  const { proxy, settings } = await proxied()
  return {
    settings,
    db: database.db,
    async onLine() {
      const { proxy: line, settings: through } = await proxied()
      return { line, settings: through }
    },
    async put(body) {
      await database.db.$executeRaw`
        INSERT INTO broker_messages (id, subject, envelope) VALUES (gen_random_uuid()::text, 'order-a', ${body}::jsonb)`
    },
    async takeAway() {
      proxy.cut()
    },
    async bringBack() {
      proxy.mend()
    },
    async close() {
      for (const each of proxies) each.close()
      await database.close()
    },
  }
}

/** A NATS server of its own; it is killed with SIGKILL when it is taken away. */
export async function startNatsBroker(): Promise<Broker> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ordersaga-nats-'))
  const options = { server: inject('natsServer'), port: await freePort(), dataDir: folder }
  let nats = await startNats(options)
  const proxies: TcpProxy[] = []
  return {
    settings: { kind: 'nats', url: nats.url },
    async onLine() {
      const line = await startTcpProxy({ host: '127.0.0.1', port: options.port })
      proxies.push(line)
      return { line, settings: { kind: 'nats', url: `nats://127.0.0.1:${line.port}` } }
    },
    async put(body) {
      const stranger = await connect({ servers: nats.url })
      await jetstream(stranger).publish('ordersaga.events.order-a', body)
      await stranger.close()
    },
    async takeAway() {
      process.kill(nats.pid, 'SIGKILL')
      await until('the broker to be dead', () => (isAlive(nats.pid) ? undefined : true))
    },
    async bringBack() {
      nats = await startNats(options)
    },
    async close() {
      for (const each of proxies) each.close()
      await nats.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
