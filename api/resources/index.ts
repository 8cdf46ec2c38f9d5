import type { Endpoint } from '../endpoint.ts'
import type { ApiServices } from '../services.ts'
import { accountEndpoints } from './accounts.ts'
import { auditEndpoints } from './audit.ts'
import { deadLetterEndpoints } from './dead-letters.ts'
import { dependencyEndpoints } from './dependencies.ts'
import { developmentEndpoints, type DevelopmentResources } from './development.ts'
import { failureEndpoints } from './failures.ts'
import { healthEndpoints, type HealthResources } from './health.ts'
import { invariantEndpoints } from './invariants.ts'
import { keyEndpoints } from './keys.ts'
import { loyaltyEndpoints } from './loyalty.ts'
import { maintenanceEndpoints } from './maintenance.ts'
import { orderEndpoints } from './orders.ts'
import { overviewEndpoints } from './overview.ts'
import { parkedEndpoints } from './parked.ts'
import { personalDataEndpoints } from './personal-data.ts'
import { productEndpoints } from './products.ts'
import { projectionEndpoints } from './projections.ts'
import { reconciliationEndpoints } from './reconciliation.ts'
import { reportEndpoints } from './reports.ts'
import { retryEndpoints } from './retries.ts'
import { returnEndpoints } from './returns.ts'
import { sagaEndpoints } from './sagas.ts'
import { sessionEndpoints, type SessionResources } from './session.ts'
import { streamEndpoints } from './streams.ts'
import { timelineEndpoints } from './timeline.ts'
import { transferEndpoints } from './transfers.ts'

/** The registry: everything that the API answers, in the order of the document. */
export const createEndpoints = (
  services: ApiServices & HealthResources & DevelopmentResources & SessionResources,
): Endpoint[] => [
  ...orderEndpoints(services),
  ...timelineEndpoints(services),
  ...returnEndpoints(services),
  ...productEndpoints(services),
  ...loyaltyEndpoints(services),
  ...personalDataEndpoints(services),
  ...transferEndpoints(services),
  ...accountEndpoints(services),
  ...sagaEndpoints(services),
  ...overviewEndpoints(services),
  ...failureEndpoints(services),
  ...parkedEndpoints(services),
  ...retryEndpoints(services),
  ...dependencyEndpoints(services),
  ...maintenanceEndpoints(services),
  ...invariantEndpoints(services),
  ...reconciliationEndpoints(services),
  ...reportEndpoints(services),
  ...projectionEndpoints(services),
  ...deadLetterEndpoints(services),
  ...streamEndpoints(services),
  ...auditEndpoints(services),
  ...keyEndpoints(services),
  ...sessionEndpoints(services),
  ...developmentEndpoints(services),
  ...healthEndpoints(services),
]
