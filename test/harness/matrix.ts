/** The whole matrix tries everything at every step and point; `npm test` at one of each kind. */
export const isWholeMatrix = process.env['MATRIX'] === 'full'

/** How many of something: the whole matrix takes more than `npm test` has the time for. */
export const inMatrix = ({ whole, otherwise }: { whole: number; otherwise: number }): number =>
  isWholeMatrix ? whole : otherwise
