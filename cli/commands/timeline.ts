import type { Schemas } from '../client.ts'
import { Failed } from '../failures.ts'

/** How an order's progress reads in a terminal: no input but the order, no output but text. */
export type Order = Schemas['Order']

type Paint = (text: string) => string

export const isOver = ({ status }: Order): boolean => ['completed', 'rejected', 'cancelled'].includes(status)

/** E.g. `PAYMENT_DECLINED at chargePayment`; undefined for an order that completed, or has not ended. */
export const describeReason = ({ reason }: Pick<Order, 'reason'>): string | undefined =>
  reason === null ? undefined : `${reason.code} at ${reason.step}`

/** @throws Failed for an order that ended otherwise than completed, or not yet. */
export function requireCompleted(order: Order): void {
  if (order.status !== 'completed')
    throw new Failed(`The order is ${order.status}: ${describeReason(order) ?? 'no reason is given'}.`)
}

interface Progress {
  done: number
  total: number
  /** What happens now, e.g. `chargePayment running`. */
  now: string
}

/** Forward, the steps that are done; backward, those that are undone. */
export function progressOf({ status, steps }: Order): Progress {
  const undos = steps.filter(({ compensation }) => compensation !== 'none')
  if (status === 'compensating' || undos.length > 0) {
    const current = undos.toReversed().find(({ compensation }) => ACTIVE_UNDO.has(compensation))
    return {
      done: undos.filter(({ compensation }) => ['done', 'skipped'].includes(compensation)).length,
      total: undos.length,
      now: current === undefined ? '' : `undo of ${current.name} ${current.compensation}`,
    }
  }
  const current = steps.find(({ state }) => ['running', 'waiting', 'parked', 'pending'].includes(state))
  return {
    done: steps.filter(({ state }) => ['done', 'skipped'].includes(state)).length,
    total: steps.length,
    now: current === undefined ? '' : `${current.name} ${current.state}`,
  }
}

const ACTIVE_UNDO: ReadonlySet<string> = new Set(['pending', 'running', 'waiting', 'parked'])

const BAR = 12

/** E.g. `[######      ] 3/6 createShipment running`. */
export function progressBar({ done, total, now }: Progress): string {
  const filled = total === 0 ? 0 : Math.round((BAR * done) / total)
  return `[${'#'.repeat(filled)}${' '.repeat(BAR - filled)}] ${done}/${total} ${now}`.trimEnd()
}

/** An event: when, how long after the order was placed, what, and what the order was then. */
export function timelineRow(
  { version, event, order }: { version: string; event: string; order: Order },
  paint: Paint,
): string {
  const elapsedMs = Date.parse(order.updatedAt) - Date.parse(order.createdAt)
  const { done, total } = progressOf(order)
  const elapsed = `+${(elapsedMs / 1000).toFixed(3)}s`
  const cells = [order.updatedAt.slice(11, 23), elapsed.padStart(10), version.padStart(3), event.padEnd(20)]
  const reason = isOver(order) ? describeReason(order) : undefined
  return `${cells.join('  ')}  ${done}/${total}  ${paint(order.status)}${reason === undefined ? '' : ` ${reason}`}`
}

/** What keeps an order from going on, e.g. `waiting: chargePayment, BREAKER_OPEN`. */
export function describeTrouble({ status, steps }: Order): string | undefined {
  const held = steps.flatMap(({ name, state, compensation, detail }) => {
    const isHeld = HELD.has(state) || HELD.has(compensation)
    const what = HELD.has(compensation) ? `undo of ${name}` : name
    return isHeld ? [detail === null ? what : `${what}, ${detail}`] : []
  })
  return held.length === 0 ? undefined : `${status}: ${held.join('; ')}`
}

const HELD: ReadonlySet<string> = new Set(['waiting', 'parked'])
