import type { ProviderFence } from '../../domain/saga/provider-fence.ts'

interface Answer {
  code: string
  detail?: string
}

/** What the rows say of one saga and one of its steps, as far as the rules of a provider step go. */
export interface Judged {
  /** Why the saga turned back. */
  reason: string | undefined
  state: 'intended' | 'done' | 'refused' | 'undoing' | 'undone' | 'skipped' | undefined
  /** What a refused step answers. */
  answer: Answer | undefined
  entries: number
  refusal: Answer | undefined
}

export const UNTOUCHED: Judged = {
  reason: undefined,
  state: undefined,
  answer: undefined,
  entries: 0,
  refusal: undefined,
}

export interface Judge {
  intend(): { verdict: string; answer: unknown }
  conclude(state: 'done' | 'refused' | 'unwanted', answer?: Answer): string
  refuse(answer: Answer): void
  turnBack(code: string): string[]
  beginUndo(): string
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
    conclude(state, answer) {
      if (rows.state === 'intended') {
        if (rows.refusal !== undefined) return 'contested'
        if (state === 'unwanted' || (state === 'refused' && rows.entries > 1)) {
          rows.refusal = answer
          return 'contested'
        }
        rows.state = state
        rows.answer = answer
        return 'concluded'
      }
      return rows.state === 'done' || state === 'refused' ? 'already' : 'late'
    },
    refuse(answer) {
      if (rows.state !== 'intended') return
      rows.state = 'refused'
      rows.answer = rows.refusal ?? answer
      rows.refusal = undefined
    },
    turnBack(code) {
      rows.reason ??= code === 'STEP_FAILED' && rows.refusal !== undefined ? rows.refusal.code : code
      return isOwed(rows) ? ['step'] : []
    },
    beginUndo() {
      if (rows.reason === undefined) throw new Error('not compensating')
      if (!isOwed(rows)) return 'settled'
      rows.state = 'undoing'
      return 'undo'
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
      call(`conclude ${conclusion.state}`, () =>
        conclusion.state === 'done'
          ? judge.conclude('done')
          : judge.conclude(conclusion.state, { code: conclusion.code, detail: conclusion.detail }),
      ) as ReturnType<ProviderFence['conclude']>,
    refuse: (_saga, _attempt, refusal) => call('refuse', () => judge.refuse(refusal)),
    beginUndo: () =>
      call('begin undo', () => ({ verdict: judge.beginUndo(), entry: '' })) as ReturnType<
        ProviderFence['beginUndo']
      >,
    leaveUndo: () => call('leave undo', () => undefined),
    settleUndo: () => call('settle undo', () => judge.settleUndo()),
  }
}
