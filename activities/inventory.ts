import type { createInventory } from '../domain/inventory/inventory.ts'
import { createActivity, type AttemptPorts } from './attempt.ts'

export function createInventoryActivities(
  inventory: ReturnType<typeof createInventory>,
  ports: AttemptPorts,
) {
  return {
    reserveInventory: createActivity('reserveInventory', ports, ({ id }, { number }) =>
      inventory.reserveInventory(id, number),
    ),
    releaseInventory: createActivity('releaseInventory', ports, ({ id }, { number }) =>
      inventory.releaseInventory(id, number),
    ),
  }
}
