import { setImmediate as turn } from 'node:timers/promises'
import pino from 'pino'
import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { judge, measureSkew, watchClocks, type ReadClock } from './clock-skew.ts'

/** A clock of this host, and others that are ahead of it: a reading takes time both on its way there and back. */
function createTime() {
  let time = 1_000_000
  return {
    now: () => time,
    set: (to: number) => {
      time = to
    },
    ahead: (byMs: number, ...ways: readonly [there: number, back: number][]): ReadClock => {
      let readings = 0
      return () => {
        const [there, back] = ways[readings % ways.length] ?? [0, 0]
        readings += 1
        time += there
        const shown = time + byMs
        time += back
        return Promise.resolve(shown)
      }
    },
  }
}

describe('a clock', () => {
  it.each([600_000, -600_000, 0])(
    'that is %i ms ahead is measured, give or take half a reading',
    async (by) => {
      const { now, ahead } = createTime()
      expect(await measureSkew(ahead(by, [4, 4]), now)).toEqual({ skewMs: by, uncertaintyMs: 4 })
      const oneWay = await measureSkew(ahead(by, [0, 80]), now)
      expect(oneWay).toEqual({ skewMs: by - 40, uncertaintyMs: 40 })
    },
  )

  it('is measured by the quickest of three readings', async () => {
    const { now, ahead } = createTime()
    const slowAtFirst = ahead(5000, [900, 100], [3, 3], [0, 50])
    expect(await measureSkew(slowAtFirst, now)).toEqual({ skewMs: 5000, uncertaintyMs: 3 })
  })

  it('is not measured by a reading during which the clock of this host was set back', async () => {
    const time = createTime()
    const read = time.ahead(0, [5, 5])
    let readings = 0
    const setBackAtFirst = async () => {
      readings += 1
      if (readings === 1) time.set(time.now() - 600_000)
      return read()
    }
    expect(await measureSkew(setBackAtFirst, time.now)).toEqual({ skewMs: 0, uncertaintyMs: 5 })
  })

  it.each([
    [{ skewMs: 2500, uncertaintyMs: 400 }, 'apart'],
    [{ skewMs: -2500, uncertaintyMs: 400 }, 'apart'],
    [{ skewMs: 2500, uncertaintyMs: 600 }, 'together'],
    [{ skewMs: 2500, uncertaintyMs: 1500 }, 'unknown'],
    [{ skewMs: 0, uncertaintyMs: 1500 }, 'unknown'],
    [{ skewMs: 600_000, uncertaintyMs: 1500 }, 'apart'],
  ] as const)('that is measured as %o is %s', (skew, verdict) => {
    expect(judge(skew)).toBe(verdict)
  })
})

describe('the watch on clocks', () => {
  /** Watches a database that is ahead by what the list says, one figure a look, and a Temporal that is not. */
  async function watch(...looks: readonly (number | Error)[]) {
    const time = createTime()
    const lines: { level: number; clock: string; msg: string; skewSeconds?: number }[] = []
    const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) })
    const metrics = new Registry()
    let readings = 0
    const database: ReadClock = () => {
      const shown = looks[Math.min(Math.floor(readings / 3), looks.length - 1)] ?? 0
      readings += shown instanceof Error ? 3 : 1
      return shown instanceof Error ? Promise.reject(shown) : time.ahead(shown)()
    }
    const stop = watchClocks({
      clocks: { database, temporal: time.ahead(0) },
      metrics,
      log,
      now: time.now,
      intervalMs: 0,
      unreadIntervalMs: 0,
    })
    while (readings < looks.length * 3) await turn()
    await stop()
    const ofDatabase = lines.filter(({ clock }) => clock === 'database')
    return {
      logged: ofDatabase.map(({ level, msg }) => `${pino.levels.labels[level]}: ${msg}`),
      figures: ofDatabase.map(({ skewSeconds }) => skewSeconds),
      shown: await metrics.metrics(),
    }
  }
  const AGREES = 'info: a clock agrees with the clock of this host'
  const DIFFERS = 'warn: a clock differs from the clock of this host: synchronize them by NTP'

  it('shows each by its name, in seconds, and logs at first how far it is', async () => {
    const { shown, logged, figures } = await watch(100)
    expect(shown).toContain('ordersaga_clock_skew_seconds{clock="database"} 0.1')
    expect(shown).toContain('ordersaga_clock_skew_seconds{clock="temporal"} 0')
    expect([logged, figures]).toEqual([[AGREES], [0.1]])
  })

  it('warns once when one begins to differ, and says so once when it ceases to', async () => {
    const { logged, figures } = await watch(0, 600_000, 600_000, 600_001, 0, 0)
    expect([logged, figures]).toEqual([
      [AGREES, DIFFERS, AGREES],
      [0, 600, 0],
    ])
  })

  it('shows one that cannot be read as unknown, logs that once, and goes on reading', async () => {
    const away = new Error('away')
    const { logged } = await watch(away, away, -600_000)
    expect(logged).toEqual(['info: a clock could not be read, will be tried again', DIFFERS])
    expect((await watch(0, away)).shown).toContain('ordersaga_clock_skew_seconds{clock="database"} Nan')
  })
})
