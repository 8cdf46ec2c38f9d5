import type { Order } from '../../api.ts'
import { readEvents } from '../../live/event-source.ts'

/** An order right after one of its events. */
export interface Frame {
  type: string
  order: Order
}

/** How long each event is shown at least: an order is over in a tenth of a second, and an eye is not. */
const SHOWN_MS = 450

/** Shows an order event by event, as they come, but no faster than can be seen. */
export async function playOrder(
  id: string,
  show: (frame: Frame) => void,
  signal: AbortSignal,
): Promise<void> {
  const waiting: Frame[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let whenIdle = () => undefined as void
  const next = () => {
    timer = undefined
    const frame = waiting.shift()
    if (frame === undefined) return whenIdle()
    show(frame)
    timer = setTimeout(next, SHOWN_MS)
  }
  signal.addEventListener('abort', () => {
    clearTimeout(timer)
    whenIdle()
  })
  await readEvents({
    url: `/orders/${id}/stream`,
    signal,
    onEvent: ({ event = '', data }) => {
      waiting.push({ type: event, order: JSON.parse(data) as Order })
      timer ??= setTimeout(next, 0)
    },
  })
  // The stream has ended; what it has brought is shown to its end.
  if (timer !== undefined && !signal.aborted) await new Promise<void>((resolve) => (whenIdle = resolve))
}
