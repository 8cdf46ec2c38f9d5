import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { given, type Client } from '../client.ts'
import { Interrupted } from '../failures.ts'
import type { Output } from '../output.ts'
import { plain } from '../table.ts'
import {
  describeTrouble,
  isOver,
  progressBar,
  progressOf,
  requireCompleted,
  timelineRow,
  type Order,
} from './timeline.ts'

/** Waiting and parking are states and no events: the order is read besides, so often. */
const LOOK_MS = 2000

/**
 * Prints an order's events as they come, until the one that ends it. A terminal has a line of progress below them; with
 * `--json` each event is a line.
 * @throws Failed for an order that ends otherwise than completed, Interrupted after Ctrl-C.
 */
export async function watchOrder(client: Client, out: Output, id: string): Promise<void> {
  let order = given(await client.GET('/orders/{id}', { params: { path: { id } } }))
  const [interrupted, ended] = [new AbortController(), new AbortController()]
  const interrupt = (): void => interrupted.abort()
  process.once('SIGINT', interrupt)
  const signal = AbortSignal.any([interrupted.signal, ended.signal])
  const line = createProgressLine(out)
  const looking = out.isJson ? undefined : reportTrouble({ client, out, line, id, signal })
  try {
    const stream = client.events(`/orders/${encodeURIComponent(id)}/stream`, {
      signal,
      onLost: () =>
        line.above(() => out.note('The stream was interrupted: it goes on when the API answers.')),
    })
    for await (const { id: version = '', event = '', data } of stream) {
      order = JSON.parse(data) as Order
      if (out.isJson) out.print(JSON.stringify({ id: version, event, data: order }))
      else line.above(() => out.print(timelineRow({ version, event, order }, out.paint)))
      if (isOver(order)) break
      line.show(order)
    }
  } finally {
    ended.abort()
    await looking
    line.clear()
    process.off('SIGINT', interrupt)
  }
  if (interrupted.signal.aborted) throw new Interrupted('Stopped watching: the order goes on.')
  requireCompleted(order)
}

type ProgressLine = ReturnType<typeof createProgressLine>

interface Look {
  client: Client
  out: Output
  line: ProgressLine
  id: string
  signal: AbortSignal
}

/** Says once what an order waits for, and shows meanwhile how far it is. */
async function reportTrouble({ client, out, line, id, signal }: Look): Promise<void> {
  let known: string | undefined
  while (!signal.aborted) {
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    // The stream reports an API that is away.
    const answer = await client
      .GET('/orders/{id}', { params: { path: { id } }, signal })
      .catch(() => undefined)
    const order = answer?.data
    if (order === undefined || signal.aborted) continue
    const trouble = describeTrouble(order)
    if (trouble !== undefined && trouble !== known)
      line.above(() => out.print(`${' '.repeat(27)}… ${plain(trouble)}`))
    known = trouble
    line.show(order)
  }
}

/** The last line of a terminal, which is written again and again; nothing where output is no terminal. */
function createProgressLine(out: Output) {
  const { stdout } = process
  const isShown = !out.isJson && stdout.isTTY
  let last = ''
  const clear = (): void => {
    if (isShown && last !== '') stdout.write('\r\u001b[K')
  }
  const draw = (): void => {
    if (isShown && last !== '') stdout.write(last.slice(0, Math.max(stdout.columns - 1, 0)))
  }
  return {
    clear,
    show(order: Order): void {
      clear()
      last = progressBar(progressOf(order))
      draw()
    },
    /** Prints above it. */
    above(print: () => void): void {
      clear()
      print()
      draw()
    },
  }
}
