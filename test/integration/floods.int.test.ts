import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { openDatabase, type Database } from '../../prisma/client.ts'
import { orderBody } from '../harness/api-client.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'
import type { System, SystemOptions } from '../harness/system.ts'

let system: System
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await system.close()
})

/** A system that counts the statements of its streams and its invariants. */
async function startCounted(options: SystemOptions = {}) {
  const statements = { 'ordersaga-streams': 0, 'ordersaga-invariants': 0 }
  const openCounted: typeof openDatabase = (url, max, session) => {
    const name = session?.name as keyof typeof statements
    return openDatabase(url, max, session).$extends({
      query: {
        $allOperations({ args, query }) {
          statements[name] += 1
          return query(args)
        },
      },
    }) as unknown as Database
  }
  system = await startSystem({ workers: false, ...options, openDatabase: openCounted })
  return statements
}

async function open(head: string): Promise<Socket> {
  const { hostname, port } = new URL(system.apiUrl)
  const socket = connect(Number(port), hostname)
  sockets.push(socket)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(`${head}\r\nHost: ${hostname}\r\n`)
  return socket
}

const get = async (path: string, headers = '') => {
  const socket = await open(`GET ${path} HTTP/1.1`)
  socket.write(`${headers}\r\n`)
  return socket
}

/** What a connection has received, as it comes, without the bulk of what floods it. */
function heard(socket: Socket): { text: string } {
  const all = { text: '' }
  socket.setEncoding('utf8').on('data', (chunk: string) => (all.text += chunk.replaceAll(/x{100,}/g, 'x')))
  return all
}

/** So much of what one side of a connection has sent, and the other has not read, the systems between them may hold. */
function connectionBytesMax(): number {
  const limits = ['tcp_rmem', 'tcp_wmem'].map((name) => `/proc/sys/net/ipv4/${name}`)
  if (!limits.every((file) => existsSync(file))) return 20_000_000
  const most = limits.map((file) => Number(readFileSync(file, 'utf8').trim().split(/\s+/).at(-1)))
  return most.reduce((sum, bytes) => sum + bytes, 2_000_000)
}

const watch = async (path: string) => {
  const stream = heard(await get(path))
  await until('the stream to open', () => (stream.text.includes('200 OK') ? true : undefined))
  return stream
}

/** The ids of the floods that a stream has had, each with its end. */
const idsOf = ({ text }: { text: string }): string[] =>
  text
    .split('\n\n')
    .slice(0, -1)
    .filter((frame) => /^event: ?Flooded$/m.test(frame))
    .map((frame) => /^id: ?(\d+)$/m.exec(frame)?.[1] ?? 'none')

const place = () => system.api.post('/orders', orderBody(), { 'idempotency-key': crypto.randomUUID() })
const placedAtOnce = async (count: number) =>
  new Set((await Promise.all(Array.from({ length: count }, place))).map(({ status }) => status))
const frames = (stream: { text: string }) => stream.text.match(/^event: ?OrderPlaced$/gm)?.length ?? 0

describe('a flood', () => {
  it('of readers of the invariants costs two runs, and orders are placed meanwhile', async () => {
    const statements = await startCounted()
    await system.api.invariants()
    const ofOneRun = statements['ordersaga-invariants']
    await system.admin
      .$transaction(
        async (db) => {
          // A run takes as long as this table is locked: intake has no use for it.
          await db.$executeRaw`LOCK TABLE loyalty_entries IN ACCESS EXCLUSIVE MODE`
          const answers = Array.from({ length: 40 }, () => fetch(`${system.apiUrl}/operations/invariants`))
          const all = Promise.all(answers)
          expect(await placedAtOnce(20)).toEqual(new Set([202]))
          return { all }
        },
        { timeout: 60_000 },
      )
      .then(async ({ all }) =>
        expect(new Set((await all).map(({ status }) => status))).toEqual(new Set([200])),
      )
    // The one that was held, one for all who came meanwhile, and what is still on its way when they are let go.
    expect(statements['ordersaga-invariants']).toBeLessThanOrEqual(5 * ofOneRun)
  })

  it('of streams for operators costs as many statements as one', async () => {
    const statements = await startCounted()
    const streams = [await watch('/operations/stream')]
    const forAnOrder = async () => {
      const before = statements['ordersaga-streams']
      const seen = streams.map(frames)
      expect(await placedAtOnce(10)).toEqual(new Set([202]))
      await until('every stream to have them', () =>
        streams.every((stream, index) => frames(stream) === (seen[index] ?? 0) + 10) ? true : undefined,
      )
      return statements['ordersaga-streams'] - before
    }
    await forAnOrder()
    for (let n = 0; n < 199; n += 1) streams.push(await watch('/operations/stream'))
    // One look in each interval, however many watch: two hundred that looked for themselves would be as many at once.
    expect(await forAnOrder()).toBeLessThan(100)
  })

  it('of streams of one order reads its events once when it moves on', async () => {
    const statements = await startCounted()
    const { id } = await system.api.place()
    const streams = await Promise.all(Array.from({ length: 100 }, () => watch(`/orders/${id}/stream`)))
    await until('all to have what was', () => (streams.every((one) => frames(one) === 1) ? true : undefined))
    const before = statements['ordersaga-streams']
    await system.api.cancel(id)
    await until('all to have the wish', () =>
      streams.every(({ text }) => text.includes('CancelRequested')) ? true : undefined,
    )
    expect(statements['ordersaga-streams'] - before).toBeLessThan(50)
  })

  it('of streams beyond the limit is answered with 503 and Retry-After', async () => {
    await startCounted({ streamsMax: 2 })
    const first = await get('/operations/stream')
    await Promise.all([once(first, 'data'), watch('/operations/stream')])
    const refused = await fetch(`${system.apiUrl}/operations/stream`)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await refused.json()).toMatchObject({ code: 'OVERLOADED' })
    first.destroy()
    await until('the place to be free', async () => {
      const aborter = new AbortController()
      const { status } = await fetch(`${system.apiUrl}/operations/stream`, { signal: aborter.signal })
      aborter.abort()
      return status === 200 ? true : undefined
    })
  })

  it('of half-sent bodies keeps no order out, and is given up', async () => {
    await startCounted({ intakeMax: 10, http: { requestMs: 3000, headMs: 3000, checkMs: 100 } })
    const head = 'POST /orders HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 1000'
    const halves = await Promise.all(Array.from({ length: 100 }, () => open(head)))
    const closed = halves.map((socket) => once(socket.resume(), 'close'))
    for (const socket of halves) socket.write('\r\n{')
    expect(await placedAtOnce(5)).toEqual(new Set([202]))
    await Promise.all(closed)
  })

  it('of requests behind an unanswered one on its connection takes no places with it when it leaves', async () => {
    await startCounted({ intakeMax: 2 })
    const socket = await get('/operations/stream')
    const body = JSON.stringify(orderBody())
    for (let n = 0; n < 5; n += 1)
      socket.write(
        `POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nIdempotency-Key: behind-${n}\r\n` +
          `Content-Length: ${body.length}\r\n\r\n${body}`,
      )
    await once(socket, 'data')
    socket.destroy()
    await until(
      'the connection to be gone',
      async () => ((await place()).status === 202 ? true : undefined),
      10_000,
    )
    expect((await place()).status).toBe(202)
  })
})

describe('a client that does not read', () => {
  it('is cut off, others are not, and it goes on after the last event that it has', async () => {
    await startCounted()
    const slow = await get('/operations/stream')
    await once(slow, 'data')
    slow.pause()
    const other = await watch('/operations/stream')
    const text = 'x'.repeat(100_000)
    const data = JSON.stringify([{ type: 'Flooded', schemaVersion: 1, data: { text } }])
    let count = 0
    for (const toSend = connectionBytesMax(); count * text.length < toSend;) {
      await system.db.$executeRaw`
        SELECT stream_append('flood-' || gen_random_uuid(), 0, ${data}::jsonb) FROM generate_series(1, 10)`
      count += 10
      // It shares this process with the API: the next ones would come before it has read these.
      await until('the other to have all', () => (idsOf(other).length === count ? true : undefined))
    }
    const seen = heard(slow)
    slow.resume()
    // Its stream ends, or it has not read the end of it in time.
    await until('the end', () => seen.text.endsWith('\r\n0\r\n\r\n') || slow.destroyed || undefined)
    const before = idsOf(seen)
    expect(before.length).toBeLessThan(count)
    const rest = heard(await get('/operations/stream', `Last-Event-ID: ${before.at(-1) ?? ''}\r\n`))
    await until('the rest', () => (before.length + idsOf(rest).length >= count ? true : undefined))
    expect([...before, ...idsOf(rest)]).toEqual(idsOf(other))
  })
})

describe('the HTTP server', () => {
  it.each([{ connectionsPerAddressMax: 3 }, { connectionsMax: 3 }])(
    'answers 503 on connections beyond %o and closes them, until others are gone',
    async (http) => {
      await startCounted({ http })
      const held = await Promise.all([1, 2, 3].map(() => open('GET /livez HTTP/1.1')))
      const refused = await fetch(`${system.apiUrl}/livez`)
      expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('connection')]).toEqual(
        [503, '1', 'close'],
      )
      expect(await refused.json()).toMatchObject({ code: 'OVERLOADED' })
      for (const socket of held) socket.destroy()
      await until('a place', async () => (await fetch(`${system.apiUrl}/livez`)).ok || undefined)
    },
  )

  it('closes a connection beyond the limit that asks for nothing', async () => {
    await startCounted({ http: { connectionsMax: 1, headMs: 500, checkMs: 60_000 } })
    const held = await open('GET /livez HTTP/1.1')
    const silent = await open('GET /livez HTTP/1.1')
    await once(silent.resume(), 'close')
    expect(held.destroyed).toBe(false)
  })

  it('keeps a connection that is idle for longer than a head may take', async () => {
    await startCounted({ http: { headMs: 200, requestMs: 400, checkMs: 50 } })
    const socket = await get('/livez')
    const answers = heard(socket)
    const answered = (count: number) =>
      until('an answer', () => (answers.text.match(/200 OK/g)?.length === count ? true : undefined))
    await answered(1)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await answered(2)
    expect(answers.text).not.toContain('408')
  })
})
