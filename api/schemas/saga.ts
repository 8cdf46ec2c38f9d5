import { z } from './shared.ts'

/** What every saga shows of itself. */
export const step = z
  .object({
    name: z.string(),
    kind: z.enum(['compensatable', 'pivot', 'retriable', 'unknown']).openapi({
      description:
        '`unknown`: the API does not know the definition, since a newer version of it was running. Only steps that have begun are shown then.',
    }),
    state: z.enum(['pending', 'running', 'waiting', 'done', 'failed', 'parked', 'skipped']),
    attempts: z.int().openapi({ description: 'The highest attempt that was recorded.' }),
    compensation: z
      .enum(['none', 'pending', 'running', 'waiting', 'done', 'parked', 'skipped'])
      .openapi({ description: '`none`: there is nothing to undo.' }),
    detail: z.string().nullable().openapi({
      description:
        'What the step, or its compensation, waits for while it is `waiting`: `PENDING` is a provider that has not decided yet.',
    }),
    settledAfterSkip: z.boolean().openapi({
      description: 'Its compensation was skipped by an operator, and has succeeded after all.',
    }),
  })
  .openapi('Step')

export const definition = z.string().openapi({
  description: 'The name and version of the saga that runs it.',
  example: 'order@1',
})

export const reason = z
  .object({ code: z.string(), step: z.string(), detail: z.string().nullable() })
  .nullable()

export const workflow = z.object({ id: z.string(), url: z.string() })
