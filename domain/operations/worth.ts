/**
 * Joins what a saga is about as `worth (currency, amount_minor)`: an order, a transfer or a return. Each is looked up by its
 * key, as the limits demand: the sagas are few, and a join would read all orders.
 */
export const worth = (id: string): string => `
    LEFT JOIN LATERAL (
      (SELECT currency, total_minor AS amount_minor FROM orders WHERE id = ${id} LIMIT 1)
      UNION ALL (SELECT currency, amount_minor FROM transfers WHERE id = ${id} LIMIT 1)
      UNION ALL (SELECT currency, amount_minor FROM returns WHERE id = ${id} LIMIT 1)) AS worth ON true`
