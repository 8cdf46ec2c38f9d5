import { Fault } from '../../faults.ts'
import { ANSWER_TIMEOUT_MS, type ProviderHttp, type ProviderRequest } from './http.ts'
import type { Attempt } from './protocol.ts'

/** What each read adds to the budget; a hedge takes a whole token, so that at most so many reads are sent twice. */
export const HEDGED_SHARE = 0.05

/** What may be saved up: so many hedges in a row at most. */
export const HEDGES_IN_A_ROW = 4

/** The reads that say what is late at present, and how many it takes. */
const RECENT_READS = 100
const READS_MIN = 20

/**
 * A read is late after the 95th percentile of the recent ones. Where five in a hundred are very late, that percentile is
 * one of them: so a read is also late after so many times the median.
 */
const LATE_PERCENTILE = 0.95
const LATE_MEDIANS = 5

/**
 * No read is late before this, in milliseconds: at a fast provider the percentile is the noise of this process, and hedges
 * that save little would use up the budget for those that save much.
 */
const LATE_MIN_MS = 100

export interface HedgeOptions {
  http: ProviderHttp
  onHedge?: (what: 'sent' | 'won') => void
  /** Milliseconds of a clock that never goes back. */
  now?: () => number
}

/**
 * Sends a read that is late a second time; the first good answer counts, and the other copy is aborted. A write passes
 * through: it is sent once. Stands inside the breaker and the permit, for which a read is one call.
 * @see Dean and Barroso, The Tail at Scale, Communications of the ACM 56(2), 2013.
 */
export function hedgeReads(options: HedgeOptions): ProviderHttp {
  const { http, onHedge = () => undefined, now = () => performance.now() } = options
  const budget = createBudget()
  const times = createReadTimes()

  const send = (request: ProviderRequest, attempt: Attempt): Copy => {
    const ending = new AbortController()
    const answer = http(request, { ...attempt, signal: AbortSignal.any([attempt.signal, ending.signal]) })
    const result = answer.then(
      ({ kind }): CopyResult => {
        if (kind === 'ok') return 'good'
        // A provider that limits its calls is sent no extra ones.
        budget.drop()
        return 'none'
      },
      (error: unknown): CopyResult =>
        error instanceof Fault && error.code === 'PROVIDER_TIMEOUT' ? 'late' : 'none',
    )
    return { answer, result, abort: () => ending.abort() }
  }

  /** The copy whose answer counts. The second one may take what is left of the time of the first, and no longer. */
  const hedge = async (request: ProviderRequest, attempt: Attempt, first: Copy, leftMs: number) => {
    onHedge('sent')
    const second = send(request, attempt)
    const deadline = setTimeout(second.abort, leftMs)
    try {
      const winner = await better(first, second)
      if (winner === second) onHedge('won')
      return winner
    } finally {
      clearTimeout(deadline)
      first.abort()
      second.abort()
    }
  }

  const read: ProviderHttp = async (request, attempt) => {
    budget.earn()
    const beganAt = now()
    const first = send(request, attempt)
    const lateMs = times.lateMs()
    const isLate = lateMs !== undefined && (await isLaterThan(lateMs, first.result))
    const mayHedge = isLate && !attempt.signal.aborted && budget.take()
    const timeoutMs = attempt.isLocal ? ANSWER_TIMEOUT_MS.local : ANSWER_TIMEOUT_MS.queued
    const winner = mayHedge ? await hedge(request, attempt, first, timeoutMs - (now() - beganAt)) : first
    // A copy that was overtaken would have taken at least as long: that counts, or late reads would not show.
    const result = winner === first ? await first.result : 'late'
    if (result !== 'none' && !attempt.signal.aborted) times.add(now() - beganAt)
    return winner.answer
  }

  return (request, attempt) => (request.method === 'GET' ? read(request, attempt) : http(request, attempt))
}

/** `none`: an answer or a failure that says nothing about how long a read takes. */
type CopyResult = 'good' | 'late' | 'none'

interface Copy {
  answer: ReturnType<ProviderHttp>
  /** Never rejects. */
  result: Promise<CopyResult>
  abort: () => void
}

/** The copy that has a good answer first. Where one has none, the other is waited for; where both have none, the first. */
async function better(first: Copy, second: Copy): Promise<Copy> {
  const ended = (copy: Copy) => copy.result.then((result) => ({ copy, isGood: result === 'good' }))
  const { copy, isGood } = await Promise.race([ended(first), ended(second)])
  if (isGood) return copy
  const other = copy === first ? second : first
  return (await other.result) === 'good' ? other : first
}

async function isLaterThan(ms: number, ended: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(true), ms)
  })
  try {
    return await Promise.race([ended.then(() => false), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Begins empty, so that at no time more than the share of all reads were sent twice. */
function createBudget() {
  let tokens = 0
  return {
    earn() {
      tokens = Math.min(HEDGES_IN_A_ROW, tokens + HEDGED_SHARE)
    },
    take(): boolean {
      // Twenty additions of 0.05 are a little less than one.
      if (tokens < 1 - Number.EPSILON * 100) return false
      tokens = Math.max(0, tokens - 1)
      return true
    },
    drop() {
      tokens = 0
    },
  }
}

function createReadTimes() {
  const recentMs: number[] = []
  return {
    add(ms: number) {
      recentMs.push(ms)
      if (recentMs.length > RECENT_READS) recentMs.shift()
    },
    /** When a read is late; undefined while too little is known. */
    lateMs(): number | undefined {
      if (recentMs.length < READS_MIN) return undefined
      const sorted = recentMs.toSorted((a, b) => a - b)
      const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.POSITIVE_INFINITY
      return Math.max(LATE_MIN_MS, Math.min(at(LATE_PERCENTILE), LATE_MEDIANS * at(0.5)))
    },
  }
}
