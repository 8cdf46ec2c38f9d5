import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A line to a server of this machine on which each byte arrives later, in both directions and in order. */
export interface DelayedLine {
  port: number
  close(): void
}

export async function startDelayedLine(port: number, oneWayMs: number): Promise<DelayedLine> {
  const sockets = new Set<Socket>()
  const server = createServer((inward) => {
    const outward = connect({ host: '127.0.0.1', port })
    for (const socket of [inward, outward]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('close', () => sockets.delete(socket))
    }
    forward(inward, outward, oneWayMs)
    forward(outward, inward, oneWayMs)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Timers of one length fire in the order in which they were set: nothing overtakes. */
function forward(from: Socket, to: Socket, oneWayMs: number): void {
  from.on('data', (bytes) => setTimeout(() => to.write(bytes), oneWayMs))
  from.on('end', () => setTimeout(() => to.end(), oneWayMs))
  from.on('error', () => setTimeout(() => to.destroy(), oneWayMs))
}
