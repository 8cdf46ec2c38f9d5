/** Where a duration lies, from 0 to 1, on a scale on which 10 ms and 10 s can both be read. */
export const placeOnLog = (ms: number, maxMs: number): number =>
  maxMs <= 0 ? 0 : Math.min(1, Math.log1p(Math.max(0, ms)) / Math.log1p(maxMs))
