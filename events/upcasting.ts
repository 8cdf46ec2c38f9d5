import type { StoredEvent } from './envelope.ts'

type Data = Record<string, unknown>

/** Brings the data of one shape to the next. */
type Upcaster = (data: Data) => Data

const errorIsClass: Upcaster = ({ error, ...data }) => ({ ...data, errorClass: error })

/**
 * By type of event: how its data gets from each shape to the next, the first entry from shape 1 to 2. Recorded events
 * never change, so an entry stays for as long as an event of its shape may exist: for ever.
 */
const UPCASTERS: Readonly<Record<string, readonly Upcaster[]>> = {
  StepParked: [errorIsClass],
  // Shape 1 did not say whether the saga or an operator left the step out.
  StepSkipped: [(data) => ({ ...errorIsClass(data), by: 'unknown' })],
  CompensationSkipped: [(data) => ({ ...errorIsClass(data), by: 'operator' })],
}

/** The event in today's shape. */
export function upcast<Event extends StoredEvent>(event: Event): Event {
  const due = UPCASTERS[event.type]?.slice(event.schemaVersion - 1) ?? []
  const data = due.reduce((shaped, step) => step(shaped), event.data as Data)
  return { ...event, data, schemaVersion: event.schemaVersion + due.length }
}
