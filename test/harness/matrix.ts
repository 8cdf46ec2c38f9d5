/** The whole matrix tries everything at every step and point; `npm test` at one of each kind. */
export const isWholeMatrix = process.env['MATRIX'] === 'full'

/** How many of something: the whole matrix takes more than `npm test` has the time for. */
export const inMatrix = ({ whole, otherwise }: { whole: number; otherwise: number }): number =>
  isWholeMatrix ? whole : otherwise

/**
 * Of all that is tried at each of many places: everything in the whole matrix, otherwise each fifth, beginning
 * elsewhere at each place, so that every place is tried and everything is tried somewhere.
 */
export const triedAt = <T>(place: number, all: readonly T[]): readonly T[] =>
  isWholeMatrix ? all : all.filter((_each, index) => (index + place) % 5 === 0)
