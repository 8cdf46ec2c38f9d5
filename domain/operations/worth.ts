/**
 * Joins what a saga is worth: the row of its order as `o`, or of its transfer as `t`. Each is looked up by its key, as
 * the limit demands: the sagas are few, and a join would read all orders.
 */
export const worth = (id: string): string => `
    LEFT JOIN LATERAL (SELECT * FROM orders WHERE id = ${id} LIMIT 1) AS o ON true
    LEFT JOIN LATERAL (SELECT * FROM transfers WHERE id = ${id} LIMIT 1) AS t ON true`
