import type { Database } from '../../prisma/client.ts'

type Transaction = Pick<Database, '$queryRaw'>

/**
 * No event is lost between the store and its consumers: a position never passes the head of its stream, and what is set
 * aside of a stream follows its position without a hole, unless the event before it is still on its way. A foreign
 * message is no event of any stream.
 */
export const holes = (db: Transaction) => db.$queryRaw<{ offender: string }[]>`
  WITH heads AS (
    SELECT stream_id, max(version) AS head FROM events GROUP BY stream_id
  ), aside AS (
    SELECT consumer, stream_id, min(version) AS first, max(version) AS last, count(*) AS letters,
           bool_or(cause = 'EVENT_GAP' AND state = 'retrying') IS TRUE AS is_awaited
      FROM dead_letters WHERE state <> 'discarded' GROUP BY consumer, stream_id
  )
  SELECT consumer || ' ' || stream_id AS offender
    FROM inbox FULL JOIN aside USING (consumer, stream_id) LEFT JOIN heads USING (stream_id)
   WHERE stream_id NOT LIKE 'foreign-%'
     AND (inbox.version IS NULL OR greatest(inbox.version, aside.last) > coalesce(heads.head, 0)
       OR aside.letters <> aside.last - aside.first + 1
       OR (aside.first <> inbox.version + 1 AND NOT aside.is_awaited))`

/** Where the events are, for each read model: recorded = applied + set aside + in flight. */
export async function whereaboutsOfEvents(db: Transaction): Promise<string> {
  const rows = await db.$queryRaw<{ name: string; recorded: bigint; applied: bigint; aside: bigint }[]>`
    SELECT name, (SELECT count(*) FROM events) AS recorded,
           (SELECT coalesce(sum(version), 0)::bigint FROM inbox WHERE consumer = name || '#' || generation) AS applied,
           (SELECT count(*) FROM dead_letters WHERE consumer = name || '#' || generation AND state <> 'discarded') AS aside
      FROM projections ORDER BY name`
  return rows
    .map(({ name, recorded, applied, aside }) => {
      const inFlight = recorded - applied - aside
      return `${name}: ${recorded} recorded = ${applied} applied + ${aside} set aside + ${inFlight} in flight`
    })
    .join('; ')
}
