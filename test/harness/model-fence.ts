import type { ProviderFence, Recorded } from '../../domain/saga/provider-fence.ts'

interface Answer {
  code: string
  detail?: string
}

type Effect = Recorded

/** A refusal as it is noted: with the effect that was seen to stand, where one was. */
type Refusal = Answer & { effect?: Effect }

/** What the rows say of one saga and one of its steps, as far as the rules of a provider step go. */
export interface Judged {
  /** Why the saga turned back. */
  reason: string | undefined
  state: 'intended' | 'done' | 'refused' | 'undoing' | 'undone' | 'skipped' | undefined
  /** What a refused step answers. */
  answer: Answer | undefined
  entries: number
  refusal: Refusal | undefined
  /** What a step that was done has recorded. */
  effect: Effect | undefined
}

export const UNTOUCHED: Judged = {
  reason: undefined,
  state: undefined,
  answer: undefined,
  entries: 0,
  refusal: undefined,
  effect: undefined,
}

export type Concluded =
  | { state: 'done'; effect: Effect }
  | { state: 'refused'; answer: Answer }
  | { state: 'unwanted'; answer: Refusal }

export interface Judge {
  intend(): { verdict: string; answer: unknown }
  conclude(concluded: Concluded): { verdict: string; recorded: Effect | null }
  refuse(answer: Refusal): void
  turnBack(code: string): string[]
  beginUndo(): { verdict: string; recorded: Effect | null }
  settleUndo(): void
  skip(): string
}

/**
 * The functions of prisma/functions/{steps,compensation,operators}.sql, for one step and over memory: each call is one
 * database transaction. A test holds it against PostgreSQL.
 */
export function createModelJudge(rows: Judged): Judge {
  return {
    intend() {
      if (rows.state === 'done') return { verdict: 'done', answer: undefined }
      if (rows.state === 'refused') return { verdict: 'refused', answer: rows.answer }
      if (rows.reason !== undefined) return { verdict: 'refused', answer: { code: rows.reason } }
      const verdict = rows.refusal !== undefined ? 'void' : rows.state === undefined ? 'go' : 'resume'
      rows.state = 'intended'
      rows.entries += 1
      return { verdict, answer: rows.refusal }
    },
    conclude(concluded) {
      const recorded = effectIn(rows)
      if (rows.state !== 'intended') {
        const isSettled = rows.state === 'done' || concluded.state === 'refused'
        return { verdict: isSettled ? 'already' : 'late', recorded }
      }
      if (rows.refusal !== undefined) return { verdict: 'contested', recorded }
      if (concluded.state === 'unwanted' || (concluded.state === 'refused' && rows.entries > 1)) {
        rows.refusal = concluded.answer
        return { verdict: 'contested', recorded }
      }
      rows.state = concluded.state
      if (concluded.state === 'done') rows.effect = concluded.effect
      else rows.answer = concluded.answer
      return { verdict: 'concluded', recorded }
    },
    refuse(answer) {
      if (rows.state !== 'intended' || rows.reason !== undefined) return
      const { effect: _, ...noted } = rows.refusal ?? answer
      rows.state = 'refused'
      rows.answer = noted
      rows.refusal = undefined
    },
    turnBack(code) {
      rows.reason ??= code === 'STEP_FAILED' && rows.refusal !== undefined ? rows.refusal.code : code
      return isOwed(rows) ? ['step'] : []
    },
    beginUndo() {
      if (rows.reason === undefined) throw new Error('not compensating')
      const recorded = effectIn(rows)
      if (!isOwed(rows)) return { verdict: 'settled', recorded }
      rows.state = 'undoing'
      return { verdict: 'undo', recorded }
    },
    settleUndo() {
      if (rows.state === 'undoing' || rows.state === 'skipped') rows.state = 'undone'
    },
    /** As if the step were parked, and no attempt at its undo younger than ten seconds. */
    skip() {
      if (!isOwed(rows) || rows.reason === undefined) return 'not_parked'
      rows.state = 'skipped'
      return 'accepted'
    },
  }
}

/** As `step_effect`. */
const effectIn = ({ state, effect, refusal }: Judged): Effect | null =>
  state === 'refused' ? null : (effect ?? refusal?.effect ?? null)

export const isOwed = ({ state }: Judged): boolean =>
  state === 'intended' || state === 'done' || state === 'undoing'

/** The judge as the attempts at a provider step call it; `call` decides when each transaction takes place. */
export function asFence(
  judge: Judge,
  request: Readonly<Record<string, unknown>>,
  call: <Result>(what: string, transaction: () => Result) => Promise<Result>,
): ProviderFence {
  return {
    intend: () =>
      call('intend', () => ({ ...judge.intend(), request })) as ReturnType<ProviderFence['intend']>,
    conclude: (_saga, _key, _attempt, conclusion) =>
      call(`conclude ${conclusion.state}`, () => {
        const { state, ...answer } = conclusion
        return judge.conclude({
          state,
          effect: conclusion.state === 'done' && conclusion.effect,
          answer,
        } as Concluded)
      }) as ReturnType<ProviderFence['conclude']>,
    refuse: (_saga, _attempt, refusal) => call('refuse', () => judge.refuse(refusal)),
    beginUndo: () =>
      call('begin undo', () => ({ ...judge.beginUndo(), entry: '' })) as ReturnType<
        ProviderFence['beginUndo']
      >,
    leaveUndo: () => call('leave undo', () => undefined),
    settleUndo: () => call('settle undo', () => judge.settleUndo()),
  }
}
