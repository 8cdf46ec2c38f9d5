type Data = Record<string, unknown>

/** Brings the data of one shape to the next. */
type Upcaster = (data: Data) => Data

const errorIsClass: Upcaster = ({ error, ...data }) => ({ ...data, errorClass: error })

/**
 * By type of event: how its data gets from each shape to the next, the first entry from shape 1 to 2. Recorded events
 * never change, so an entry stays for as long as an event of its shape may exist: for ever.
 */
const UPCASTERS: Readonly<Record<string, readonly Upcaster[]>> = {
  // Shape 1 did not name what is owed an undo.
  CompensationBegun: [(data) => ({ ...data, undo: [] })],
  StepParked: [errorIsClass],
  // Shape 1 did not say whether the saga or an operator left the step out.
  StepSkipped: [(data) => ({ ...errorIsClass(data), by: 'unknown' })],
  CompensationSkipped: [(data) => ({ ...errorIsClass(data), by: 'operator' })],
}

/** The data in today's shape. Readers do not call it: `toEvent` does. */
export function upcast({
  type,
  schemaVersion,
  data,
}: {
  type: string
  schemaVersion: number
  data: unknown
}): {
  schemaVersion: number
  data: unknown
} {
  const due = UPCASTERS[type]?.slice(schemaVersion - 1) ?? []
  return {
    data: due.reduce((shaped, step) => step(shaped), data as Data),
    schemaVersion: schemaVersion + due.length,
  }
}
