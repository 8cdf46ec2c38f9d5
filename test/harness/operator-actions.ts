import type { Database } from '../../prisma/client.ts'
import type { Prisma } from '../../prisma/generated/client.ts'

/** What operators did, oldest first, each with its reason as long as that is kept. */
export async function operatorActions(db: Database, where: Prisma.OperatorActionWhereInput = {}) {
  const actions = await db.operatorAction.findMany({ where, orderBy: { id: 'asc' } })
  const reasons = await db.operatorReason.findMany({
    where: { actionId: { in: actions.map(({ id }) => id) } },
  })
  return actions.map((action) => ({
    ...action,
    reason: reasons.find(({ actionId }) => actionId === action.id)?.reason ?? null,
  }))
}
