import type { Machine } from '../instruments/machine.ts'
import type { Kind } from './jobs.ts'
import type { Cost } from './measure.ts'
import type { Size } from './sizes.ts'

/** One call, at each size. */
export interface Measured {
  name: string
  kind: Kind
  at: (Cost & { timesMs: number[] })[]
}

/** All that one run of the bench has found. */
export interface Findings {
  sizes: readonly number[]
  measured: readonly Measured[]
  /** How long a check of all took at each size; undefined where it was given up. */
  invariantsMs: readonly (number | undefined)[]
  /** Of each size. */
  tables: readonly (readonly Size[])[]
  machine: Machine
}

/** The depth of an index, or of several. */
const FLAT_MAX = 2

/** A page of a table that is as small as that is read whole: what that costs says nothing of growth. */
const SMALL = 100

export type Growth = 'flat' | 'levels off' | 'grows'

/** `levels off`: a table, or a window of time, that was small at first has filled up, and the last tenfold costs no more. */
export function growthOf({ at }: Measured): Growth {
  const [first, last, before] = [at[0], at.at(-1), at.at(-2)]
  if (first === undefined || last === undefined || before === undefined)
    throw new Error('A call was not measured')
  if (last.buffers <= FLAT_MAX * Math.max(first.buffers, 1)) return 'flat'
  return last.buffers <= FLAT_MAX * before.buffers || last.buffers <= SMALL ? 'levels off' : 'grows'
}
