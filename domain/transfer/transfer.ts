import type { Aggregates } from '../../events/store/aggregate.ts'
import { toRows } from '../../events/store/store.ts'
import type { Database } from '../../prisma/client.ts'
import { decide, type AccountCommand, type Decision, type Money } from '../account/account.ts'
import { ACCOUNT, accountStream } from '../account/accounts.ts'
import { Fault } from '../../faults.ts'
import { toMinor } from '../money.ts'
import { answerOf, single, type StepAnswer, type StepRow } from '../saga/step-answer.ts'

/** Decisions that one attempt makes when others keep appending to the same account. */
const DECISIONS_MAX = 10

/** What was decided, and on which version of which stream. */
interface Decided {
  streamId: string
  version: number
  decision: Decision
}

type Row = Omit<StepRow, 'verdict'> & { verdict: StepRow['verdict'] | 'conflict' }

/**
 * The steps of a transfer. Each decides on an account as it was loaded, and appends to its stream in the statement
 * that settles the step; when the stream has moved on meanwhile, it decides again.
 */
export function createTransferSteps({ db, aggregates }: { db: Database; aggregates: Aggregates }) {
  const find = async (transferId: string) => {
    const row = await db.transfer.findUniqueOrThrow({ where: { id: transferId } })
    const money: Money = { amountMinor: toMinor(row.amountMinor), currency: row.currency }
    return { ...row, money }
  }

  const deciding = async (
    accountId: string,
    command: AccountCommand,
    settle: (decided: Decided) => Promise<Row[]>,
  ): Promise<StepAnswer<never>> => {
    const streamId = accountStream(accountId)
    for (let decisions = 0; decisions < DECISIONS_MAX; decisions += 1) {
      const { state, version } = await aggregates.load(ACCOUNT, streamId)
      const decision = decide(command, state)
      const { verdict, answer } = single(await settle({ streamId, version, decision }))
      if (verdict !== 'conflict') return answerOf({ verdict, answer })
    }
    throw new Fault('VERSION_CONFLICT', `${streamId} is written to all the time`)
  }

  return {
    /** Takes the money from the source: refused with the account's reason, e.g. INSUFFICIENT_FUNDS. */
    async withdrawMoney(transferId: string, attemptNumber: number): Promise<StepAnswer<never>> {
      const { sourceAccountId, money } = await find(transferId)
      const command = { kind: 'withdraw', transferId, ...money } as const
      return deciding(
        sourceAccountId,
        command,
        ({ streamId, version, decision }) => db.$queryRaw<Row[]>`
          SELECT verdict, answer FROM step_append(${transferId}::uuid, 'withdrawMoney', ${attemptNumber}::integer,
            ${streamId}, ${version}::integer, ${eventsOf(decision)}::jsonb, ${refusalOf(decision)}::jsonb,
            'TransferWithdrawn', ${JSON.stringify(money)}::jsonb, NULL)`,
      )
    },

    /** Gives it back to the source, whatever has become of that account: it is owed. */
    async returnMoney(transferId: string, attemptNumber: number): Promise<StepAnswer<never>> {
      const { sourceAccountId, money } = await find(transferId)
      const command = { kind: 'return', transferId, ...money } as const
      return deciding(sourceAccountId, command, async ({ streamId, version, decision }) => {
        if (decision.kind === 'refused') {
          // An account that has it back already may not be able to hold it twice.
          const fence = await db.stepFence.findUnique({
            where: { sagaId_step: { sagaId: transferId, step: 'withdrawMoney' } },
          })
          const verdict = fence?.state === 'undone' ? 'done' : 'refused'
          return [{ verdict, answer: { code: decision.code } }]
        }
        return db.$queryRaw<Row[]>`
          SELECT verdict, answer FROM undo_append(${transferId}::uuid, 'withdrawMoney', ${attemptNumber}::integer,
            ${streamId}, ${version}::integer, ${eventsOf(decision)}::jsonb,
            'TransferReturned', ${JSON.stringify(money)}::jsonb)`
      })
    },

    /** The pivot: the destination has the money, and the transfer is completed for good. */
    async depositMoney(transferId: string, attemptNumber: number): Promise<StepAnswer<never>> {
      const { destinationAccountId, money } = await find(transferId)
      const command = { kind: 'deposit', transferId, ...money } as const
      return deciding(
        destinationAccountId,
        command,
        ({ streamId, version, decision }) => db.$queryRaw<Row[]>`
          SELECT verdict, answer FROM step_append(${transferId}::uuid, 'depositMoney', ${attemptNumber}::integer,
            ${streamId}, ${version}::integer, ${eventsOf(decision)}::jsonb, ${refusalOf(decision)}::jsonb,
            'TransferCompleted', ${JSON.stringify(money)}::jsonb, 'completed')`,
      )
    },
  }
}

const eventsOf = (decision: Decision): string => toRows(decision.kind === 'accepted' ? decision.events : [])

const refusalOf = (decision: Decision): string | null =>
  decision.kind === 'accepted' ? null : JSON.stringify({ code: decision.code })
