import {
  CancellationScope,
  condition,
  continueAsNew,
  defineUpdate,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import { WAKE_UPDATE, type SagaInput } from './contract.ts'
import type { SagaPorts } from './run-saga.ts'
import { createWakes } from './wakes.ts'

/**
 * Events after which a saga that only waits is continued as new. It is part of the replay contract, as the values of
 * `policies.ts` are: a workflow whose history is longer than a new value allows could not be replayed.
 */
const HISTORY_EVENTS_MAX = 1000

/** How a saga's workflow waits. Nothing else in it wakes, notices a cancel or continues as new. */
export interface Waits {
  readonly wait: SagaPorts['wait']
  /** Runs work during which the workflow must not be continued as new. */
  busy<T>(work: () => Promise<T>): Promise<T>
  /**
   * Runs an attempt at an activity, which is such work: a wake that arrives during it ends the activity's next wait.
   */
  attempt<T>(activity: string, work: () => Promise<T>): Promise<T>
  /** A cancel of the workflow, from Temporal's side. */
  readonly cancel: Cancel
  /** Rejects with the request to continue as new, when a saga that only waits has a long history. */
  readonly renewed: Promise<never>
}

export function createWaits(input: SagaInput): Waits {
  const work = createWork()
  const wakes = createWakes()
  setHandler(defineUpdate<void>(WAKE_UPDATE), wakes.wake)
  const cancel = watchCancel(wakes)
  const renewal = createRenewal(input)
  return {
    async wait(ms, activity, deadlineAt = Number.POSITIVE_INFINITY) {
      // Before the saga sleeps: the new run starts from the top, and its row must know of a cancel by then.
      if (work.isIdle() && !cancel.isDue() && renewal.isDue()) return renewal.begin()
      const isWoken = () => wakes.isWoken(activity)
      if (isWoken()) return 'woken'
      const jitteredMs = ms * (input.pace ?? 1) * (1 + Math.random() / 4)
      const leftMs = deadlineAt - Date.now()
      const timeoutMs = Math.max(1, Math.ceil(Math.min(jitteredMs, leftMs)))
      if (await condition(isWoken, timeoutMs)) return 'woken'
      return leftMs <= jitteredMs ? 'deadline' : 'elapsed'
    },
    busy: work.during,
    attempt(activity, attempt) {
      wakes.attempt(activity)
      return work.during(attempt)
    },
    cancel,
    renewed: renewal.requested,
  }
}

/** Counts the work in progress. */
function createWork() {
  let inProgress = 0
  return {
    isIdle: () => inProgress === 0,
    during: async <T>(work: () => Promise<T>): Promise<T> => {
      inProgress += 1
      try {
        return await work()
      } finally {
        inProgress -= 1
      }
    },
  }
}

interface Cancel {
  /** The workflow was cancelled, and its row does not know it yet. */
  isDue(): boolean
  /** The row knows it. */
  noted(): void
}

/** A cancel of the workflow interrupts its waits, and stays due until the saga's row has the wish. */
function watchCancel({ wake }: { wake: () => void }): Cancel {
  let isDue = false
  void CancellationScope.current().cancelRequested.catch(() => {
    isDue = true
    wake()
  })
  return {
    isDue: () => isDue,
    noted() {
      isDue = false
    },
  }
}

/** Continues the workflow as new, with the same input: the fences tell the new run where the saga is. */
function createRenewal(input: SagaInput) {
  let reject: (request: unknown) => void
  const requested = new Promise<never>((_resolve, fail) => {
    reject = fail
  })
  return {
    requested,
    isDue: () => workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > HISTORY_EVENTS_MAX,
    /** Never returns: what comes after it is the new run's. */
    async begin(): Promise<never> {
      await continueAsNew<(again: SagaInput) => Promise<unknown>>(input).catch((request) => reject(request))
      return new Promise<never>(() => undefined)
    },
  }
}
