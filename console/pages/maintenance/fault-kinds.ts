import type { components } from '../../api-types.ts'

export type Faults = components['schemas']['SandboxFaults']
export type FaultKind = Faults['payment']

/** What a provider of the sandbox does to the calls that meet the fault. */
export const FAULT_KINDS: Record<FaultKind, { title: string; text: string }> = {
  up: { title: 'None', text: 'It answers as it should.' },
  down: { title: 'Down', text: 'It answers 503 at once and does nothing.' },
  slow: { title: 'Slow', text: 'It answers 3 seconds late.' },
  flaky: { title: 'Flaky', text: 'It answers 503 before it does anything.' },
  drop: { title: 'Lost reply', text: 'It does what was asked, then drops the connection.' },
  limited: { title: 'Rate limited', text: 'It answers 429 and does nothing.' },
  garbage: { title: 'Garbage', text: 'It answers HTML with status 200.' },
  unauthorized: { title: 'Unauthorized', text: 'It answers 401: our credential is refused.' },
  in_progress: { title: 'In progress', text: 'It answers 409: the same key is in progress.' },
}

export const PROVIDERS = ['payment', 'shipping'] as const

export interface FaultChoice {
  payment: FaultKind
  shipping: FaultKind
  percent: number
  tailPercent: number
  tailMs: number
}

export const choiceOf = ({ payment, shipping, percent, tail }: Faults): FaultChoice => ({
  payment,
  shipping,
  percent,
  tailPercent: tail?.percent ?? 0,
  tailMs: tail?.ms ?? 2000,
})

/** The body that asks for it; a tail that no call is in, is none. */
export const faultsOf = ({ tailPercent, tailMs, ...rest }: FaultChoice): Faults => ({
  ...rest,
  ...(tailPercent === 0 ? {} : { tail: { percent: tailPercent, ms: tailMs } }),
})

/** In one sentence for each provider, and one for the tail. */
export function wordsOf(choice: FaultChoice): string[] {
  const { percent, tailPercent, tailMs } = choice
  const share = percent === 100 ? 'every call' : `${percent} % of the calls`
  const words = PROVIDERS.filter((provider) => choice[provider] !== 'up' && percent > 0).map(
    (provider) => `${provider}, ${share}: ${FAULT_KINDS[choice[provider]].text}`,
  )
  if (tailPercent > 0) words.push(`All providers, ${tailPercent} % of the calls: answered ${tailMs} ms late.`)
  return words
}
