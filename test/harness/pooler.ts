import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'

/** What a pooler does with the settings that a session brings along. */
export type Pooler = 'refuses' | 'drops'

/** Behaves as PgBouncer does in front of PostgreSQL: without, or with, `ignore_startup_parameters = options`. */
export async function startPooler(target: { host: string; port: number }, pooler: Pooler) {
  const server = createServer((inward) => {
    inward.on('error', () => undefined)
    inward.once('data', (startup) => {
      if (pooler === 'refuses')
        return void inward.end(errorResponse('unsupported startup parameter: options'))
      const outward = connect(target)
      outward.on('error', () => inward.destroy())
      outward.write(withoutOptions(startup))
      inward.pipe(outward).pipe(inward)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() }
}

/** A startup message is its length, the version of the protocol, and names and values, each ended by a zero. */
function withoutOptions(startup: Buffer): Buffer {
  const words = startup.subarray(8).toString().split('\0')
  const at = words.indexOf('options')
  const body = Buffer.concat([startup.subarray(4, 8), Buffer.from(words.toSpliced(at, 2).join('\0'))])
  return Buffer.concat([int32(body.length + 4), body])
}

function errorResponse(message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0C08P01\0M${message}\0\0`)
  return Buffer.concat([Buffer.from('E'), int32(fields.length + 4), fields])
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4)
  buffer.writeInt32BE(value)
  return buffer
}
