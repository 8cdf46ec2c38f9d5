import type { ProviderName } from '../../providers.ts'
import { PARTICIPANTS } from '../participants.ts'
import { allSteps, type Reconciled } from '../saga/step.ts'

/** A step whose effects a provider lists. */
export interface ReconciledStep extends Reconciled {
  name: string
  provider: ProviderName
}

/** The steps that are reconciled, one after the other. */
export const RECONCILED: readonly ReconciledStep[] = allSteps(PARTICIPANTS).flatMap(
  ({ name, provider, reconciled }) =>
    provider === undefined || reconciled === undefined ? [] : [{ name, provider, ...reconciled }],
)
