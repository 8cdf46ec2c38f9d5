import { newerEvent } from '../../faults.ts'

type Data = Record<string, unknown>

/** Brings the data of one shape to the next. */
type Upcaster = (data: Data) => Data

const errorIsClass: Upcaster = ({ error, ...data }) => ({ ...data, errorClass: error })

/**
 * By type of event: how its data gets from each shape to the next, the first entry from shape 1 to 2. Recorded events
 * never change, so an entry stays for as long as an event of its shape may exist: for ever.
 */
const UPCASTERS: ReadonlyMap<string, readonly Upcaster[]> = new Map(
  Object.entries<readonly Upcaster[]>({
    // Shape 1 did not name what is owed an undo.
    CompensationBegun: [(data) => ({ ...data, undo: [] })],
    StepParked: [errorIsClass],
    // Shape 1 did not say whether the saga or an operator left the step out.
    StepSkipped: [(data) => ({ ...errorIsClass(data), by: 'unknown' })],
    CompensationSkipped: [(data) => ({ ...errorIsClass(data), by: 'operator' })],
  }),
)

interface Shaped {
  /** The number of the shape of `data`, from 1. */
  schemaVersion: number
  data: unknown
}

const upcastersOf = (type: string): readonly Upcaster[] => UPCASTERS.get(type) ?? []

/** Whether a newer release gave the event a shape that this one does not know. */
export const isOfNewerShape = ({ type, schemaVersion }: { type: string; schemaVersion: number }): boolean =>
  schemaVersion > 1 + upcastersOf(type).length

/**
 * The data in today's shape. Readers do not call it: `toEvent` does.
 * @throws Fault NEWER_EVENT for a shape that is newer than this process.
 */
export function upcast({ type, schemaVersion, data }: Shaped & { type: string }): Shaped {
  if (isOfNewerShape({ type, schemaVersion })) throw newerEvent(`Shape ${schemaVersion} of ${type}`)
  const due = upcastersOf(type).slice(schemaVersion - 1)
  return {
    data: due.reduce((shaped, step) => step(shaped), data as Data),
    schemaVersion: schemaVersion + due.length,
  }
}
