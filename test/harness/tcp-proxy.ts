import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A line to a server that can be cut. */
export interface TcpProxy {
  port: number
  /** Hangs up on everybody and answers nobody. */
  cut(): void
  /** Takes every byte, and neither forwards nor answers; every connection stays open, and new ones are taken. */
  swallow(): void
  mend(): void
  close(): void
}

export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let isCut = false
  let isSwallowing = false
  const server = createServer((inward) => {
    if (isCut) return void inward.destroy()
    const outward = connect(target)
    for (const [socket, other] of [
      [inward, outward],
      [outward, inward],
    ] as const) {
      sockets.add(socket)
      socket.on('data', (bytes) => void (isSwallowing || other.write(bytes)))
      socket.on('end', () => other.end())
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      isCut = true
      for (const socket of sockets) socket.destroy()
    },
    swallow() {
      isSwallowing = true
    },
    mend() {
      isCut = false
      isSwallowing = false
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
