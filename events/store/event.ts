import { isOfNewerShape, upcast } from './upcasting.ts'

/** An event: as it was recorded where it is only carried on, in today's shape where it is read, by `toEvent`. */
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

/**
 * The one way from a recorded event, in a row or in an envelope, to one that is read. Other columns stay.
 * @throws Fault NEWER_EVENT for a shape that is newer than this process.
 */
export function toEvent<Row extends StoredEvent>(row: Row): Row {
  return { ...row, ...upcast(row) }
}

/** As toEvent, for people to look at: nothing is made of it, so one of a newer shape is shown as it was recorded. */
export const toShownEvent = <Row extends StoredEvent>(row: Row): Row =>
  isOfNewerShape(row) ? row : toEvent(row)
