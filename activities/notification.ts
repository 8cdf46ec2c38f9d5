import type { createNotification } from '../domain/notification/notification.ts'
import { createActivity, type AttemptPorts } from './attempt.ts'

export function createNotificationActivities(
  notification: ReturnType<typeof createNotification>,
  ports: AttemptPorts,
) {
  return {
    notifyCustomer: createActivity('notifyCustomer', ports, ({ id }, { number }) =>
      notification.notifyCustomer(id, number),
    ),
  }
}
