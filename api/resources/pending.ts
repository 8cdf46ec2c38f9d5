import { WorkflowNotFoundError, type Client } from '@temporalio/client'
import { optionalTsToDate } from '@temporalio/common/lib/time.js'
import type { NotedReaction } from '../../domain/operations/timeline.ts'
import { time } from '../parts.ts'
import { z } from '../zod.ts'

/** Temporal is asked for what it does now: one that does not answer soon is away. */
const DESCRIBE_TIMEOUT_MS = 1000

export const PENDING_FIELDS = {
  temporal: z
    .enum(['answered', 'away'])
    .openapi({ description: '`away`: it did not answer within a second. What it does is not known.' }),
  pending: z
    .array(
      z.object({
        activity: z.string(),
        attempt: z.int(),
        lastFailure: z.string().nullable().openapi({ description: 'A class of error.' }),
        nextAttemptAt: time.nullable(),
        startedAt: time.nullable().openapi({ description: 'When its newest attempt began.' }),
      }),
    )
    .openapi({
      description:
        'What waits on a queue or runs from one: an attempt in the workflow is not seen. Of a choreographed order, what is noted for its participants.',
    }),
}

type Pending = z.input<z.ZodObject<typeof PENDING_FIELDS>>

/** What the participants of a choreographed order have to do now: Temporal has no part in it. */
export const pendingOf = (reactions: readonly NotedReaction[]): Pending => ({
  temporal: 'answered',
  pending: reactions.map(({ activity, attempt, dueAt, isInProgress }) => ({
    activity,
    attempt,
    lastFailure: null,
    nextAttemptAt: isInProgress ? null : dueAt.toISOString(),
    startedAt: null,
  })),
})

/** The queued activities of a workflow now. One that does not run has none. */
export async function readPending(client: Client, workflowId: string): Promise<Pending> {
  try {
    const { raw } = await client.withDeadline(Date.now() + DESCRIBE_TIMEOUT_MS, () =>
      client.workflow.getHandle(workflowId).describe(),
    )
    return { temporal: 'answered', pending: (raw.pendingActivities ?? []).map(viewActivity) }
  } catch (error) {
    return { temporal: error instanceof WorkflowNotFoundError ? 'answered' : 'away', pending: [] }
  }
}

type Activity = NonNullable<
  Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['describe']>>['raw']['pendingActivities']
>[number]

const viewActivity = ({ activityType, attempt, lastFailure, ...times }: Activity) => ({
  activity: activityType?.name ?? '',
  attempt: attempt ?? 1,
  lastFailure: lastFailure ? classOf(lastFailure) : null,
  nextAttemptAt: optionalTsToDate(times.nextAttemptScheduleTime)?.toISOString() ?? null,
  startedAt: optionalTsToDate(times.lastStartedTime)?.toISOString() ?? null,
})

/** Never its text, which may be anybody's. */
const classOf = ({ applicationFailureInfo, timeoutFailureInfo }: NonNullable<Activity['lastFailure']>) =>
  applicationFailureInfo?.type ?? (timeoutFailureInfo ? 'TIMEOUT' : 'INTERNAL')
