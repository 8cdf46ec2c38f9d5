import { upcast } from './upcasting.ts'

/** An event as every reader sees it: in today's shape, whatever shape it was recorded in. */
export interface StoredEvent {
  streamId: string
  version: number
  type: string
  schemaVersion: number
  data: unknown
  recordedAt: Date
}

/** The columns of a row of `events e`, named as `StoredEvent` names them. */
export const EVENT_COLUMNS = `e.stream_id AS "streamId", e.version, e.type, e.schema_version AS "schemaVersion", e.data,
  e.recorded_at AS "recordedAt"`

/** The one way from a recorded event, in a row or in an envelope, to one that is read. Other columns stay. */
export function toEvent<Row extends StoredEvent>(row: Row): Row {
  return { ...row, ...upcast(row) }
}
