/** What a pump works on: a queue in a table, which other processes pump too. */
export interface PumpOptions<Work> {
  /** Claims up to `limit` that are due, oldest first. */
  take: (limit: number) => Promise<readonly Work[]>
  /** Does one. Never rejects: what failed is left in the queue. */
  run: (work: Work) => Promise<void>
  /** How many more may be in flight, when so many are. */
  free: (inFlight: number) => number
  /** How often it looks for what has become due by itself, in milliseconds. */
  pollMs: number
  /** The queue cannot be read; it is tried again with each poll. Called once, until it was read again. */
  onTakeFailed: (error: unknown) => void
}

/**
 * Keeps a bounded number of works in flight. Whenever a place is free and work is due, the oldest work that is due is
 * taken; nothing waits for a clock while there is room.
 */
export function createPump<Work>({ take, run, free, pollMs, onTakeFailed }: PumpOptions<Work>) {
  const inFlight = new Set<Promise<void>>()
  let mayBeDue = true
  let filling: Promise<void> | undefined
  let isReadable = true
  const stopping = new AbortController()

  const begin = (work: Work): void => {
    const running = run(work).finally(() => {
      inFlight.delete(running)
      fill()
    })
    inFlight.add(running)
  }

  const takeWhileFree = async (): Promise<void> => {
    while (mayBeDue && !stopping.signal.aborted) {
      const places = free(inFlight.size)
      if (places <= 0) return
      // Before the queue is read: what becomes due meanwhile is looked for once more.
      mayBeDue = false
      const works = await take(places)
      isReadable = true
      if (works.length >= places) mayBeDue = true
      for (const work of works) begin(work)
    }
  }

  const fill = (): void => {
    if (filling !== undefined || stopping.signal.aborted || !mayBeDue) return
    filling = takeWhileFree().then(
      () => {
        filling = undefined
        // A place that became free just now found this one still at it.
        if (free(inFlight.size) > 0) fill()
      },
      (error: unknown) => {
        filling = undefined
        mayBeDue = true
        if (isReadable) onTakeFailed(error)
        isReadable = false
      },
    )
  }

  /** Something may be due. */
  const kick = (): void => {
    mayBeDue = true
    fill()
  }
  let timer: NodeJS.Timeout | undefined

  return {
    kick,
    /** Looks regularly from now on for what has become due by itself. */
    run(): void {
      timer ??= setInterval(kick, pollMs)
    },
    /** Does it at once if nothing that is older waits and a place is free. Answers whether it does. */
    offer(work: Work): boolean {
      if (stopping.signal.aborted || mayBeDue || filling !== undefined || free(inFlight.size) <= 0)
        return false
      begin(work)
      return true
    },
    /** Takes nothing more, and waits for what is in flight. */
    async stop(): Promise<void> {
      stopping.abort()
      clearInterval(timer)
      await filling
      await Promise.all(inFlight)
    },
  }
}
