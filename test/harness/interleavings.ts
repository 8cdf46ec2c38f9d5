/**
 * Explores every order in which concurrent attempts can make their calls. An attempt is the real code, over ports whose
 * calls take place only when the explorer says so. An attempt may stop after any of its calls, for ever or until all
 * else is over: that is what it looks like when its process dies, when a reply is lost, and when a request that was
 * given up arrives late. So no faults need to be played besides.
 *
 * Code that waits cannot be copied: a schedule is played again from the start for each way in which it can go on. A
 * state that was seen before is not gone on from.
 */
export interface Scene {
  /** What the calls change: plain data. */
  readonly state: object
  /** Attempts that may be under way at once; those of one kind are alike. */
  readonly attempts: readonly Attempting[]
  /** What else may happen, once each, while `isDue`. */
  readonly events: Readonly<Record<string, { isDue: () => boolean; happen: () => void }>>
  /** @throws when something is not as it must be at any time. */
  check(): void
  /** Brings it to its end without faults, as a saga does that is begun again. */
  recover(): Promise<void>
  /** @throws when something is not as it must be in the end. */
  checkEnd(): void
}

export interface Attempting {
  readonly kind: string
  readonly run: (call: PortCall) => Promise<unknown>
}

/** A call of a port, which takes place in one of the ways that `ways` names; the first is the usual one. */
export type PortCall = <Result>(what: string, ways: Ways<Result>) => Promise<Result>
type Ways<Result> = Readonly<Record<string, () => Result>>

/** An event happens, or an attempt goes on: it begins, or its call takes place. */
type Move = { event: string } | { attempt: number; way: string | undefined }

/**
 * @param setUp makes the scene, always the same one.
 * @returns how many different states it can be in.
 * @throws Error with the schedule that led to what is not as it must be.
 */
export async function explore(setUp: () => Scene): Promise<number> {
  const seen = new Set<string>()
  const schedules: Move[][] = [[]]
  for (let schedule = schedules.pop(); schedule !== undefined; schedule = schedules.pop()) {
    try {
      schedules.push(...(await follow(setUp, schedule, seen)))
    } catch (error) {
      throw new Error(`${String(error)}\n${schedule.map((move) => JSON.stringify(move)).join('\n')}`, {
        cause: error,
      })
    }
  }
  return seen.size
}

/** Plays a schedule, and goes on with it as long as that leads to something new. Answers what else could be next. */
async function follow(setUp: () => Scene, schedule: Move[], seen: Set<string>): Promise<Move[][]> {
  const open: Move[][] = []
  const play = await replay(setUp, schedule)
  for (let key = play.key(); !seen.has(key); key = play.key()) {
    seen.add(key)
    await (await replay(setUp, schedule)).end()
    const [next, ...others] = play.moves()
    open.push(...others.map((move) => [...schedule, move]))
    if (next === undefined) break
    schedule.push(next)
    await play.make(next)
  }
  return open
}

async function replay(setUp: () => Scene, schedule: readonly Move[]): Promise<ReturnType<typeof createPlay>> {
  const play = createPlay(setUp())
  for (const move of schedule) await play.make(move)
  return play
}

function createPlay(scene: Scene) {
  const runs = scene.attempts.map(createRun)
  const happened = new Set<string>()
  return {
    /** All that may happen next. */
    moves: (): Move[] => [
      ...runs.flatMap((run, attempt) => {
        const isNext = !runs.slice(0, attempt).some((other) => other.kind === run.kind && !other.hasBegun())
        return run.hasBegun() || isNext ? run.ways().map((way) => ({ attempt, way })) : []
      }),
      ...Object.entries(scene.events)
        .filter(([event, { isDue }]) => !happened.has(event) && isDue())
        .map(([event]) => ({ event })),
    ],

    async make(move: Move): Promise<void> {
      if ('event' in move) {
        happened.add(move.event)
        scene.events[move.event]?.happen()
      } else await runs[move.attempt]?.goOn(move.way)
      scene.check()
    },

    /** Two plays with one key can go on in the same ways. */
    key: () =>
      JSON.stringify([
        scene.state,
        runs.map((run) => `${run.kind}: ${run.place()}`).toSorted(),
        [...happened].toSorted(),
      ]),

    /** The saga is brought to its end, and then what has stopped goes on. */
    async end(): Promise<void> {
      await scene.recover()
      scene.checkEnd()
      for (const run of runs.filter((one) => one.hasBegun())) {
        for (let [way] = run.ways(); way !== undefined; [way] = run.ways()) await run.goOn(way)
      }
      scene.check()
      scene.checkEnd()
    },
  }
}

interface Run {
  readonly kind: string
  hasBegun(): boolean
  /** How it can go on: it begins, or its call takes place in one of its ways. None when it is over. */
  ways(): (string | undefined)[]
  /** Goes on, and resolves when it makes the next call or ends. */
  goOn(way: string | undefined): Promise<void>
  /**
   * Where it is: the last calls that have led it there. What they answered shows in the calls that followed, but for a
   * verdict, which comes with what was recorded. One that is over comes to nothing more.
   */
  place(): string
}

interface Pending {
  readonly what: string
  readonly ways: Ways<unknown>
  readonly settle: (result: unknown) => void
}

/** Calls that tell where an attempt is: no part of one repeats within so few. */
const CALLS_TOLD = 3

function createRun({ kind, run }: Attempting): Run {
  const calls: string[] = []
  let now: 'not begun' | 'under way' | 'over' = 'not begun'
  let pending: Pending | undefined
  let hasMoved = (): void => undefined
  const call: PortCall = (what, ways) =>
    new Promise((resolve, reject) => {
      const settle = (result: unknown) =>
        result instanceof Error ? reject(result) : resolve(result as never)
      pending = { what, ways, settle }
      hasMoved()
    })
  const end = () => {
    now = 'over'
    hasMoved()
  }
  const begin = () => {
    now = 'under way'
    run(call).then(end, end)
  }
  const makeCall = ({ what, ways, settle }: Pending, way: string) => {
    pending = undefined
    const result = attempted(ways[way])
    calls.push(isVerdict(result) ? `${what} ${JSON.stringify(result)}` : what)
    settle(result)
  }
  return {
    kind,
    hasBegun: () => now !== 'not begun',
    ways: () => (now === 'not begun' ? [undefined] : Object.keys(pending?.ways ?? {})),
    goOn: (way) =>
      new Promise((resolve) => {
        hasMoved = resolve
        if (pending !== undefined && way !== undefined) makeCall(pending, way)
        else begin()
      }),
    place: () => (now === 'under way' ? [...calls.slice(-CALLS_TOLD), pending?.what].join() : now),
  }
}

const isVerdict = (result: unknown): boolean =>
  typeof result === 'object' && result !== null && 'verdict' in result

function attempted(act: (() => unknown) | undefined): unknown {
  try {
    return act?.()
  } catch (error) {
    return error
  }
}
