import type { Tone } from '../../ui/badge.tsx'
import type { Overview } from './concerns.ts'

type Throughput = Overview['throughput']
type Bucket = Throughput['buckets'][number]

interface Series {
  name: string
  tone: Tone
  countOf: (bucket: Bucket) => number
}

export const SERIES: readonly Series[] = [
  { name: 'placed', tone: 'neutral', countOf: ({ placed }) => placed },
  { name: 'completed', tone: 'done', countOf: ({ completed }) => completed },
  {
    name: 'rejected or cancelled',
    tone: 'failed',
    countOf: ({ rejected, cancelled }) => rejected + cancelled,
  },
]

/**
 * Per second, for each series. The last bucket is still being filled: as a rate it would always look like a drop.
 * @returns `at` in seconds since the epoch.
 */
export function ratesOf({ bucketSeconds, buckets }: Throughput): { at: number[]; rates: number[][] } {
  const full = buckets.slice(0, -1)
  return {
    at: full.map(({ at }) => Date.parse(at) / 1000),
    rates: SERIES.map(({ countOf }) => full.map((bucket) => countOf(bucket) / bucketSeconds)),
  }
}
