import { MAX, NIL } from 'uuid'
import {
  conditionsOf,
  ID_OF,
  isOfTotal,
  type Bind,
  type Condition,
  type OrderFilter,
  type Walk,
} from './filter.ts'
import { idsCreated, skewedIds, type IdRange } from './id-time.ts'

export interface Page {
  limit: number
  /** The id of the last item of the page before. */
  after?: string | undefined
}

/** A customer's orders, or those of a range of totals, are looked at one by one when they are no more than these. */
const FEW_MAX = 2000

/**
 * The statement for the ids of the newest orders that fit: one more than the page has, when there is one.
 *
 * An index that ends with the id is walked from its end until the page is full, and what else is asked for is looked up
 * for each order on the way. The words leave a plan no other way, whichever values it is made for: no other index has
 * the order of both columns, a lateral query with a limit is run for each row, and no index is asked what IS TRUE.
 */
export function searchFor(
  filter: OrderFilter,
  { limit, after = MAX }: Page,
): [sql: string, values: unknown[]] {
  const values: unknown[] = []
  const bind: Bind = (value, type) => `$${values.push(value)}::${type}`
  const count = bind(limit + 1, 'bigint')
  const [from, to] = idsCreated(filter)
  const created = [bind(from, 'uuid'), bind(to < after ? to : after, 'uuid')] as const

  const conditions = conditionsOf(filter, bind)
  const walked = conditions.find(({ walks }) => walks !== undefined)
  const others = conditions.filter((condition) => condition !== walked)
  const lists: string[] = []
  const branches: string[] = []
  const add = (walk: Walk, open: Condition[], range: IdRange, ...where: string[]) =>
    branches.push(newest(walk, open, range, where, count))

  const few = fewIds(filter, walked, bind)
  for (const walk of walked?.walks ?? [EVERY])
    add(walk, others, created, ...(few === undefined ? [] : [`(SELECT count(*) FROM few) > ${FEW_MAX}`]))
  if (few !== undefined) {
    lists.push(`few AS MATERIALIZED (${few})`)
    add(listed('few'), conditions, created, `(SELECT count(*) FROM few) <= ${FEW_MAX}`)
  }
  const skewed = skewedIds(filter, bind)
  if (skewed !== undefined) {
    lists.push(`skewed AS MATERIALIZED (${skewed})`)
    add(listed('skewed'), conditions, [bind(NIL, 'uuid'), bind(after, 'uuid')])
  }
  const sql = `${lists.length === 0 ? '' : `WITH ${lists.join(', ')} `}SELECT id FROM (${branches.join(' UNION ')})
    AS found (id) ORDER BY id DESC LIMIT ${count}`
  return [sql, values]
}

const EVERY: Walk = { from: 'orders o', id: ID_OF['orders o'] }
const listed = (name: string): Walk => ({ from: name, id: `${name}.id` })

/** The newest ids of a walk whose orders meet the conditions. */
function newest(
  walk: Walk,
  conditions: Condition[],
  range: IdRange,
  where: readonly string[],
  count: string,
): string {
  const { from, id, by } = walk
  const [key, first, last] =
    by === undefined
      ? [id, ...range]
      : [`(${by.column}, ${id})`, ...range.map((bound) => `(${by.value}, ${bound})`)]
  const own = conditions.filter(({ on }) => on === from).map(({ sql }) => `(${sql}) IS TRUE`)
  const all = [`${key} >= ${first}`, `${key} < ${last}`, ...(walk.where ?? []), ...where, ...own]
  return `(SELECT ${id} FROM ${from}${lookUp('orders o', walk, conditions)}${lookUp('sagas s', walk, conditions)}
    WHERE ${all.join(' AND ')} ORDER BY ${by === undefined ? '' : `${by.column} DESC, `}${id} DESC LIMIT ${count})`
}

/** A saga without an order is of another kind, and is passed by. */
function lookUp(table: Condition['on'], { from, id }: Walk, conditions: Condition[]): string {
  const asked = conditions.filter(({ on }) => on === table).map(({ sql }) => sql)
  if (from === table || (table === 'sagas s' && asked.length === 0)) return ''
  const where = [`${ID_OF[table]} = ${id}`, ...asked].join(' AND ')
  return ` CROSS JOIN LATERAL (SELECT FROM ${table} WHERE ${where} LIMIT 1) AS its_${table.slice(0, -2)}`
}

/**
 * The query for the ids of the orders of a customer, or of a range of totals, unless these are what is walked. A walk
 * by something else may pass a great many orders before it finds one of them, and no index has the orders of a range of
 * totals in the order of their ids.
 */
function fewIds(filter: OrderFilter, walked: Condition | undefined, bind: Bind): string | undefined {
  const customer = walked?.on === 'orders o' ? undefined : filter.customerId
  const column = customer === undefined ? 'o.total_minor' : 'o.customer_id'
  // Not equal to the customer: the order of the index would then seem to be that of the ids alone.
  const bounds =
    customer === undefined
      ? isOfTotal(filter, bind)
      : ['>=', '<='].map((sign) => `${column} ${sign} ${bind(customer, 'text')}`)
  if (bounds.length === 0) return undefined
  return `SELECT o.id FROM orders o WHERE ${bounds.join(' AND ')} ORDER BY ${column} LIMIT ${FEW_MAX + 1}`
}
