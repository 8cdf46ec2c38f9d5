import pg from 'pg'

/** What is done by batches, for many sagas at once, is not counted: it costs the less for each, the more there are. */
const OF_ONE_SAGA =
  /\b(order_place\w*|step_\w+|reaction_\w+|saga_\w+)\(|^DELETE FROM saga_starts\b|^SELECT definition\b/

const UUID = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g

type Query = (this: pg.Client, ...args: unknown[]) => unknown

/** Counts the statements that are made for single sagas, in all pools of this process. */
export function countStatements() {
  const prototype = pg.Client.prototype as unknown as { query: Query }
  const { query } = prototype
  const counts = new Map<string, number>()

  prototype.query = function counted(...args) {
    const [statement, more] = args
    const { text = '', values = more } = Object(
      typeof statement === 'string' ? { text: statement } : statement,
    ) as {
      text?: string
      values?: unknown
    }
    if (OF_ONE_SAGA.test(text))
      for (const id of new Set(JSON.stringify(values ?? []).match(UUID)))
        counts.set(id, (counts.get(id) ?? 0) + 1)
    return query.apply(this, args)
  }
  return {
    of: (sagaId: string): number => counts.get(sagaId) ?? 0,
    stop: () => void (prototype.query = query),
  }
}
