import type { paths } from '../../api-types.ts'
import type { FailureSearch } from './search.ts'

type FailureList = paths['/operations/failures']['get']['responses'][200]['content']['application/json']

/** What failed in the same way: in one step of one saga, for one reason. */
export type FailureGroup = FailureList['data'][number]

/** Whether a group is among those that the URL asks for. */
export const isAskedFor = (group: FailureGroup, { state, kind, step, code }: FailureSearch): boolean =>
  [
    [state, group.state],
    [kind, group.kind],
    [step, group.step],
    [code, group.code],
  ].every(([asked, has]) => asked === undefined || asked === has)

/** Whether the URL names one group. */
export const isOneGroup = ({ state, kind, step, code }: FailureSearch): boolean =>
  state !== undefined && kind !== undefined && step !== undefined && code !== undefined

/** What the bars of a trend say, in words. @param hours how long the trend is. */
export function trendInWords(trend: readonly number[], hours: number): string {
  const sum = trend.reduce((total, each) => total + each, 0)
  const minutes = Math.round((hours * 60) / Math.max(1, trend.length))
  const part = minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`
  return `${sum} in ${hours} h, ${trend.at(-1) ?? 0} of them in the last ${part}`
}

/** The currency of each of a group, where all have the same: a parked step says only how much. */
export const currencyOf = ({ amounts }: Pick<FailureGroup, 'amounts'>): string | undefined =>
  amounts.length === 1 ? amounts[0]?.currency : undefined

/** Steps that one retry takes at most, and one wave of it. */
export const RETRY_MAX = 10_000
const WAVE_MAX = 500

/** How many steps a wave has, and how many waves there are. @param count steps to retry. */
export function wavesOf(count: number, rampPercent: number): { size: number; waves: number } {
  const total = Math.min(count, RETRY_MAX)
  const size = Math.min(WAVE_MAX, Math.ceil((total * rampPercent) / 100))
  return { size, waves: size === 0 ? 0 : Math.ceil(total / size) }
}

/** `1 step`, `12 steps`. */
export const counted = (count: number, noun: string): string =>
  `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
