/**
 * Every provider once. Its settings, its guard in the wiring, its slots and rate, its row in
 * `GET /operations/dependencies` and the faults that tests inject follow from its entry here.
 */
export interface Provider {
  /** Queued attempts at once, per process. */
  readonly slots: number
  /** Attempts per second that leave the queue, over all processes: how fast waiting orders come back. */
  readonly perSecond: number
}

/** By name, which is also that of the participant whose queue its steps are on. */
export const PROVIDERS = {
  payment: { slots: 30, perSecond: 50 },
  shipping: { slots: 30, perSecond: 50 },
} as const satisfies Record<string, Provider>

export type ProviderName = keyof typeof PROVIDERS

export const PROVIDER_NAMES = Object.keys(PROVIDERS) as ProviderName[]

/** Something for each provider, by its name. */
export type PerProvider<Value> = Readonly<Record<ProviderName, Value>>

export function perProvider<Value>(make: (name: ProviderName) => Value): PerProvider<Value> {
  return Object.fromEntries(PROVIDER_NAMES.map((name) => [name, make(name)])) as PerProvider<Value>
}
