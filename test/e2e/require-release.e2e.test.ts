import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { childEnvironment } from '../../config.ts'
import { migrate } from '../../prisma/migrate.ts'
import { RELEASE } from '../../prisma/release.ts'
import { ROOT } from '../../root.ts'
import type { TestDatabase } from '../harness/database.ts'
import { compiled, createTestDatabase } from '../harness/start.ts'
import { startPooler, type Pooler } from '../harness/pooler.ts'
import { startTcpProxy } from '../harness/tcp-proxy.ts'

let test: TestDatabase
beforeEach(async () => {
  test = await createTestDatabase()
})
afterEach(() => test.close())

const setRelease = (release: number) =>
  test.admin.$executeRaw`UPDATE database_release SET release = ${release}::integer`

/** A process that has printed nothing of interest by then is stopped. */
const ENOUGH_MS = 60_000

/** One of our processes on this database. It is stopped once what it has printed matches `isEnough`. */
async function run(
  entry: string,
  url: string,
  isEnough: RegExp,
  onPrinted: (text: string) => void = () => undefined,
) {
  const child = spawn(process.execPath, [compiled(entry)], {
    cwd: ROOT,
    timeout: ENOUGH_MS,
    env: childEnvironment({
      DATABASE_URL: url,
      PORT: '0',
      METRICS_PORT: '0',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
    }),
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      printed += chunk.toString()
      onPrinted(printed)
      if (isEnough.test(printed)) child.kill('SIGTERM')
    })
  await once(child, 'close')
  return { code: child.exitCode, printed }
}

const NEVER = /^(?!)/
const REFUSAL = /a lower release than this code needs: run the migrator/

describe('a process', () => {
  const lower = (): Promise<unknown> => setRelease(RELEASE - 1)

  it.each(['api/server.js', 'workers/worker.js', 'workers/relay.js', 'workers/projector.js'])(
    'of %s does not start on a database of a lower release, and says what to do',
    async (entry) => {
      await lower()
      const { code, printed } = await run(entry, test.url, NEVER)
      expect(printed).toMatch(REFUSAL)
      expect(code).toBe(1)
      expect(printed).not.toMatch(/"working"|accepting orders/)
    },
  )

  it('does not start on a database that was never migrated', async () => {
    await test.admin.$executeRaw`DROP TABLE database_release`
    expect(await run('api/server.js', test.url, NEVER)).toMatchObject({
      code: 1,
      printed: expect.stringMatching(REFUSAL) as string,
    })
  })

  it.each<Pooler>(['refuses', 'drops'])(
    'does not start behind a pooler that %s the settings of its sessions, and says what to do',
    async (what) => {
      const url = new URL(test.url)
      const pooler = await startPooler({ host: url.hostname, port: Number(url.port) }, what)
      url.port = String(pooler.port)
      const { code, printed } = await run('workers/relay.js', url.href, NEVER)
      await expect(migrate(url.href)).rejects.toThrow(/pooler/)
      pooler.close()
      expect([code, printed]).toEqual([
        1,
        expect.stringMatching(/PgBouncer[^\n]*name the server itself in DATABASE_URL/),
      ])
    },
  )

  it('starts on one of a higher release', async () => {
    await setRelease(RELEASE + 1)
    const { printed } = await run('api/server.js', test.url, /accepting orders/)
    expect(printed).toMatch(/accepting orders/)
    expect(printed).not.toMatch(REFUSAL)
  })

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['goes on when its release is enough', async () => undefined, /the release that is needed/],
    ['ends when its release is lower', lower, REFUSAL],
  ])('starts while the database is away, and %s', async (_what, prepare, expected) => {
    await prepare()
    const { hostname, port } = new URL(test.url)
    const proxy = await startTcpProxy({ host: hostname, port: Number(port) })
    proxy.cut()
    const url = new URL(test.url)
    url.port = String(proxy.port)
    const isEnough = expected === REFUSAL ? NEVER : expected
    const { printed } = await run('api/server.js', url.href, isEnough, (text) => {
      if (text.includes('accepting orders')) proxy.mend()
    })
    proxy.close()
    expect(printed).toMatch(/accepting orders/)
    expect(printed).toMatch(expected)
  })
})
