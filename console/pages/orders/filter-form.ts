import { given } from '../../shell/search.ts'
import { fromLocal, toLocal } from '../../ui/local-time.ts'
import type { OrdersSearch } from './search.ts'

/** What the fields of the filter hold: texts, empty for what is not asked for. */
export interface FilterFields {
  customerId: string
  reasonCode: string
  step: string
  createdFrom: string
  createdTo: string
  minTotal: string
  maxTotal: string
}

/** Amounts are written in units and asked for in minor ones: the catalogue sells in a currency with cents. */
const MINOR_PER_UNIT = 100

export function fieldsOf(search: OrdersSearch): FilterFields {
  const { customerId = '', reasonCode = '', step = '', createdFrom, createdTo } = search
  return {
    customerId,
    reasonCode,
    step,
    createdFrom: toLocal(createdFrom),
    createdTo: toLocal(createdTo),
    minTotal: toUnits(search.minTotalMinor),
    maxTotal: toUnits(search.maxTotalMinor),
  }
}

/** The search that the fields stand for. It begins at the newest order. */
export const searchOf = (fields: FilterFields, status: OrdersSearch['status']): OrdersSearch =>
  given({
    status,
    customerId: fields.customerId.trim() || undefined,
    reasonCode: fields.reasonCode || undefined,
    step: fields.step || undefined,
    createdFrom: fromLocal(fields.createdFrom),
    createdTo: fromLocal(fields.createdTo),
    minTotalMinor: fromUnits(fields.minTotal),
    maxTotalMinor: fromUnits(fields.maxTotal),
  })

const toUnits = (minor: number | undefined) => (minor === undefined ? '' : String(minor / MINOR_PER_UNIT))

const fromUnits = (text: string) =>
  text.trim() === '' || !Number.isFinite(Number(text)) ? undefined : Math.round(Number(text) * MINOR_PER_UNIT)
