import { providerOf, stepNamed } from '../../domain/participants.ts'
import { SAGA_KINDS, type SagaKind } from '../../domain/saga/ids.ts'
import type { StepOutline } from '../../domain/saga/step-outline.ts'
import type { SagaContract } from '../../workflows/saga/contract.ts'
import type { Contracts } from '../contracts.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { z } from '../zod.ts'
import { sagaKind } from './saga.ts'

const definedStep = z
  .object({
    name: z.string(),
    kind: z.enum(['compensatable', 'pivot', 'retriable']),
    participant: z.string(),
    provider: z.string().nullable().openapi({ description: 'Null where its effect is in our own database.' }),
    compensation: z.string().nullable(),
    events: z
      .object({ done: z.string(), undone: z.array(z.string()) })
      .nullable()
      .openapi({ description: 'The types of its events; null where this process does not know the step.' }),
    isOptional: z
      .boolean()
      .openapi({ description: 'The saga ends without it, once its attempts are spent.' }),
  })
  .openapi('DefinedStep')

export const sagaList = z
  .object({
    data: z.array(
      z.object({
        kind: sagaKind,
        definition: z.string().openapi({ example: 'order@1' }),
        isCurrent: z
          .boolean()
          .openapi({ description: 'New sagas are run by it, where their content asks for its steps.' }),
        steps: z.array(definedStep),
      }),
    ),
  })
  .openapi('SagaList')

/** What the sagas are made of: every definition that this process knows. */
export function sagaEndpoints({ contracts }: { contracts: Contracts }): Endpoint[] {
  const data = SAGA_KINDS.flatMap((kind) => definitionsOfKind(kind, contracts[kind]))
  return [
    endpoint({
      method: 'get',
      path: '/sagas',
      summary: 'The definitions of the sagas',
      answers: {
        200: { description: 'By kind, oldest first; the steps in their order.', schema: sagaList },
      },
      handle: async () => reply(200, { data }),
    }),
  ]
}

const definitionsOfKind = (kind: SagaKind, { current, steps }: SagaContract) =>
  [...steps].map(([definition, outline]) => ({
    kind,
    definition,
    isCurrent: current.has(definition),
    steps: outline.map(({ at, ...step }) => viewStep(at, step)),
  }))

function viewStep(participant: string, step: Omit<StepOutline, 'at'>) {
  const events = stepNamed(step.name)?.events ?? null
  return {
    ...step,
    participant,
    provider: providerOf(step.name),
    events: events === null ? null : { done: events.done, undone: [...events.undone] },
  }
}
