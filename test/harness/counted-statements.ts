import pg from 'pg'

/** What is done by batches, for many sagas at once, is not counted: it costs the less for each, the more there are. */
const OF_ONE_SAGA =
  /\b(order_place\w*|step_\w+|reactions?_(?!take|claim|due)\w+|saga_\w+)\(|^DELETE FROM saga_starts\b|^SELECT definition\b/

const UUID = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g

type Query = (this: pg.Client, ...args: unknown[]) => unknown

/** Looks at each statement that this process makes, in all its pools, until it is stopped. */
function watchStatements(look: (text: string, values: unknown) => void): () => void {
  const prototype = pg.Client.prototype as unknown as { query: Query }
  const { query } = prototype
  prototype.query = function watched(...args) {
    const [statement, more] = args
    const { text = '', values = more } = Object(
      typeof statement === 'string' ? { text: statement } : statement,
    ) as {
      text?: string
      values?: unknown
    }
    look(text, values)
    return query.apply(this, args)
  }
  return () => void (prototype.query = query)
}

/** Counts the statements that are made for single sagas. */
export function countStatements() {
  const counts = new Map<string, number>()
  const stop = watchStatements((text, values) => {
    if (!OF_ONE_SAGA.test(text)) return
    for (const id of new Set(JSON.stringify(values ?? []).match(UUID)))
      counts.set(id, (counts.get(id) ?? 0) + 1)
  })
  return { of: (sagaId: string): number => counts.get(sagaId) ?? 0, stop }
}

/** Counts all statements, those that begin and end database transactions too. */
export function countAllStatements() {
  let count = 0
  const stop = watchStatements(() => {
    count += 1
  })
  return {
    /** How many there were since it was last asked. */
    take: (): number => {
      const taken = count
      count = 0
      return taken
    },
    stop,
  }
}
