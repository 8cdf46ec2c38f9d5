import { z } from 'zod'

/**
 * What can be wrong with a provider at large, for its development: the sandbox obeys it, and the API passes it on.
 * The one thing that both must know by the same names.
 */
export const FAULTS = [
  'up',
  'down',
  'slow',
  'flaky',
  'drop',
  'limited',
  'garbage',
  'unauthorized',
  'in_progress',
] as const

export type ProviderFault = (typeof FAULTS)[number]

const fault = z.enum(FAULTS)
const share = z.int().min(0).max(100)
const percent = share.describe(
  'The share of the calls that meet the fault of their provider; reads and voids, too.',
)

export const tail = z
  .strictObject({ percent: share, ms: z.int().min(0).max(60_000) })
  .describe('The share of all calls that have their effect at once and are answered late, and how late.')

/** All that is wrong: the fault of each provider by its name, how many calls meet it, and how many are late. */
export const faultScript = <Name extends string>(providers: readonly Name[]) =>
  z.strictObject({ ...each(providers, fault), percent, tail: tail.optional() })

/** The same as it is asked for: what is not named is `up`, and for all calls. */
export const faultRequest = <Name extends string>(providers: readonly Name[]) =>
  z.strictObject({
    ...each(providers, fault.default('up')),
    percent: percent.default(100),
    tail: tail.optional(),
  })

const each = <Name extends string, Schema>(providers: readonly Name[], schema: Schema) =>
  Object.fromEntries(providers.map((name) => [name, schema])) as Record<Name, Schema>
