import type { Projection } from './projection.ts'
import { orderSummary } from './order-summary.ts'
import { sales } from './sales.ts'
import { stockLevels } from './stock-levels.ts'

/** Every read model. The migration that makes its tables also makes its row in `projections`. */
export const PROJECTIONS: readonly Projection[] = [orderSummary, sales, stockLevels]
