import { isTerminal, type SagaStatus } from '../saga/status.ts'

/** All of it must be so. Bounds are inclusive. */
export interface OrderFilter {
  status?: SagaStatus | undefined
  customerId?: string | undefined
  reasonCode?: string | undefined
  /** A step that waits, is parked or has failed, or whose compensation waits or is parked. */
  step?: string | undefined
  createdFrom?: Date | undefined
  createdTo?: Date | undefined
  minTotalMinor?: number | undefined
  maxTotalMinor?: number | undefined
}

/** Something that is asked for, as SQL about the row of the order or of its saga, which has the same id. */
export interface Condition {
  on: 'orders o' | 'sagas s'
  sql: string
  /** Where the ids of just these orders are in their order, if anywhere. */
  walks?: readonly Walk[]
}

/** Ids in their order: of an index by a column and the id, or by the id alone. */
export interface Walk {
  from: string
  id: string
  by?: { column: string; value: string }
  /** In the words of the index, when it is partial. */
  where?: readonly string[]
}

/** An order has the id of its saga. */
export const ID_OF: Readonly<Record<Condition['on'], string>> = { 'orders o': 'o.id', 'sagas s': 's.id' }

/** Makes a value a parameter of the statement. */
export type Bind = (value: unknown, type: string) => string

const IS_HELD = '(f.waiting_for IS NOT NULL OR f.parked_at IS NOT NULL)'

/** First the condition that leaves the fewest orders, as a rule. */
export function conditionsOf(filter: OrderFilter, bind: Bind): Condition[] {
  const { status, customerId, reasonCode, step } = filter
  const isOpen = status !== undefined && !isTerminal(status)
  const given = (value: string | undefined, condition: (bound: string) => Condition) =>
    value === undefined ? [] : [condition(bind(value, 'text'))]
  const ofStatus = (value: string) => isEqual('sagas s', 's.status', value)
  return [
    ...given(isOpen ? status : undefined, ofStatus),
    ...given(step, isAtStep),
    ...given(reasonCode, (value) =>
      isEqual('sagas s', 's.reason_code', value, ['s.reason_code IS NOT NULL']),
    ),
    ...given(isOpen ? undefined : status, ofStatus),
    ...given(customerId, (value) => isEqual('orders o', 'o.customer_id', value)),
    ...wasCreated(filter, bind).map((sql): Condition => ({ on: 'sagas s', sql })),
    ...isOfTotal(filter, bind).map((sql): Condition => ({ on: 'orders o', sql })),
  ]
}

const isEqual = (
  on: Condition['on'],
  column: string,
  value: string,
  where: readonly string[] = [],
): Condition & { walks: readonly Walk[] } => ({
  on,
  sql: `${column} = ${value}`,
  walks: [{ from: on, id: ID_OF[on], by: { column, value }, where }],
})

function isAtStep(step: string): Condition {
  const failed = isEqual('sagas s', 's.reason_step', step, ['s.reason_step IS NOT NULL'])
  const held = {
    from: 'step_fences f',
    id: 'f.saga_id',
    by: { column: 'f.step', value: step },
    where: [IS_HELD],
  }
  return {
    on: 'sagas s',
    sql: `(${failed.sql} OR EXISTS (
      SELECT FROM step_fences f WHERE f.saga_id = s.id AND f.step = ${step} AND ${IS_HELD}))`,
    walks: [held, ...failed.walks],
  }
}

export const wasCreated = ({ createdFrom, createdTo }: OrderFilter, bind: Bind): string[] =>
  between(
    's.created_at',
    createdFrom,
    createdTo,
    (time) => `to_timestamp(${bind(time.getTime(), 'float8')} / 1000)`,
  )

export const isOfTotal = ({ minTotalMinor, maxTotalMinor }: OrderFilter, bind: Bind): string[] =>
  between('o.total_minor', minTotalMinor, maxTotalMinor, (amount) => bind(amount, 'bigint'))

const between = <T>(
  column: string,
  low: T | undefined,
  high: T | undefined,
  bound: (value: T) => string,
): string[] => [
  ...(low === undefined ? [] : [`${column} >= ${bound(low)}`]),
  ...(high === undefined ? [] : [`${column} <= ${bound(high)}`]),
]
