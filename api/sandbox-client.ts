import { PROVIDER_NAMES } from '../providers.ts'
import { faultRequest, faultScript } from '../sandbox-faults.ts'
import { amountMinor, currency } from './parts.ts'
import { HttpProblem } from './problem.ts'
import { z } from './zod.ts'

export const faults = faultScript(PROVIDER_NAMES).openapi('SandboxFaults')

export const faultsRequest = faultRequest(PROVIDER_NAMES).openapi('SandboxFaultsRequest', {
  description: 'Replaces all of it: a provider that is not named is `up`.',
})

const key = z.string().openapi({ description: 'An idempotency key. It contains the id of its order.' })

/** What each provider lists of what it did: as follows for those that are known here, at least by key for others. */
export const ledger = z
  .object({
    charges: z.array(
      z.object({
        key,
        amountMinor,
        currency,
        state: z.enum(['pending', 'charged', 'refunded', 'voided']),
      }),
    ),
    refunds: z.array(z.object({ key, chargeKey: key, amountMinor })),
    shipments: z.array(z.object({ key, state: z.enum(['pending', 'created', 'cancelled', 'voided']) })),
  })
  .catchall(z.array(z.looseObject({ key, state: z.string().optional() })))
  .openapi('SandboxLedger')

export type SandboxLedger = z.infer<typeof ledger>

export type SandboxFaultsRequest = z.infer<typeof faultsRequest>

const notThere = () => new HttpProblem('DEPENDENCY_UNAVAILABLE', 'The sandbox does not answer.')

/** On this machine it answers at once. */
const ANSWER_MS = 2000

/**
 * The sandbox's own interface for those who develop.
 * @throws HttpProblem (503) when it is not there, or answers something else.
 */
export function createSandboxClient(url: string) {
  const call = async <Schema extends z.ZodType>(schema: Schema, path: string, options: RequestInit = {}) => {
    const answer = await fetch(url + path, { ...options, signal: AbortSignal.timeout(ANSWER_MS) })
      .then((response) => response.json())
      .catch(() => undefined)
    const { success, data } = schema.safeParse(answer)
    if (!success) throw notThere()
    return data
  }
  return {
    readFaults: () => call(faults, '/faults'),
    replaceFaults: (wanted: SandboxFaultsRequest) =>
      call(faults, '/faults', {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(wanted),
      }),
    clearFaults: () => call(faults, '/faults', { method: 'DELETE' }),
    readLedger: () => call(ledger, '/ledger'),
    async receiveParcel(reference: string): Promise<void> {
      const answer = await fetch(`${url}/parcels/${encodeURIComponent(reference)}/received`, {
        method: 'PUT',
        signal: AbortSignal.timeout(ANSWER_MS),
      }).catch(() => undefined)
      if (answer?.status !== 204) throw notThere()
    },
  }
}

export type SandboxClient = ReturnType<typeof createSandboxClient>
