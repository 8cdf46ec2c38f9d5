import type { createTransferSteps } from '../domain/transfer/transfer.ts'
import { createActivity, type AttemptPorts } from './attempt.ts'

export function createAccountActivities(
  transfers: ReturnType<typeof createTransferSteps>,
  ports: AttemptPorts,
) {
  return {
    withdrawMoney: createActivity('withdrawMoney', ports, ({ id }, { number }) =>
      transfers.withdrawMoney(id, number),
    ),
    returnMoney: createActivity('returnMoney', ports, ({ id }, { number }) =>
      transfers.returnMoney(id, number),
    ),
    depositMoney: createActivity('depositMoney', ports, ({ id }, { number }) =>
      transfers.depositMoney(id, number),
    ),
  }
}
