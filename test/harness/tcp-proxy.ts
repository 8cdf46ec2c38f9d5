import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A line to a server that can be cut, can swallow, and can be slow. */
export interface TcpProxy {
  port: number
  /** Hangs up on everybody and answers nobody. */
  cut(): void
  /**
   * Takes every byte and every hang-up, and forwards none; every connection stays open, and new ones are taken. What
   * has lost a byte stays lost when the line is mended: a stream with a hole in it is none.
   */
  swallow(): void
  /** Half-open: requests reach the server, but neither its answers nor its hang-ups come back. */
  swallowAnswers(): void
  /** Passes so many bytes of the answers on each connection, and then rests. */
  throttleAnswers(pace: Pace): void
  mend(): void
  close(): void
}

export interface Pace {
  bytes: number
  restMs: number
}

type Direction = 'requests' | 'answers'

interface Line {
  isCut: boolean
  swallowed: readonly Direction[]
  pace: Pace | undefined
}

export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  const line: Line = { isCut: false, swallowed: [], pace: undefined }
  // Each side may hang up for itself: else the proxy would confirm a hang-up that it swallows.
  const server = createServer({ allowHalfOpen: true }, (inward) => {
    if (line.isCut) return void inward.destroy()
    const outward = connect({ ...target, allowHalfOpen: true })
    for (const socket of [inward, outward]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
    forward(line, 'requests', inward, outward)
    forward(line, 'answers', outward, inward)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      line.isCut = true
      for (const socket of sockets) socket.destroy()
    },
    swallow: () => void (line.swallowed = ['requests', 'answers']),
    swallowAnswers: () => void (line.swallowed = ['answers']),
    throttleAnswers: (pace) => void (line.pace = pace),
    mend: () => void Object.assign(line, { isCut: false, swallowed: [], pace: undefined }),
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

function forward(line: Line, direction: Direction, from: Socket, to: Socket): void {
  let hasHole = false
  const isLost = () => (hasHole ||= line.swallowed.includes(direction))
  from.on('data', async (bytes: Buffer) => {
    from.pause()
    for (let rest = bytes; rest.length > 0 && !isLost();) {
      const { bytes: size, restMs } = (direction === 'answers' && line.pace) || {
        bytes: rest.length,
        restMs: 0,
      }
      if (restMs > 0) await sleep(restMs)
      to.write(rest.subarray(0, size))
      rest = rest.subarray(size)
    }
    from.resume()
  })
  from.on('end', () => void (isLost() || to.end()))
  from.on('error', () => undefined)
  from.on('close', () => void (isLost() || to.destroy()))
}
