import { createParser, type EventSourceMessage } from 'eventsource-parser'

export interface EventSourceOptions {
  url: string
  onEvent: (event: EventSourceMessage) => void
  /** The stream is open: what comes from now on is seen. Called again after each interruption. */
  onOpen?: () => void
  /** The stream is interrupted, and will be opened again. */
  onLost?: () => void
  signal: AbortSignal
}

const PAUSE_MIN_MS = 500
const PAUSE_MAX_MS = 5000

/** A stream on which nothing came for so long is taken for lost: the server sends a comment more often. */
const SILENCE_MAX_MS = 45_000

/**
 * Server-sent events of any type, which the browser's own `EventSource` hands out only by name. It goes on after the
 * last event that was seen, for as long as the signal lets it or until the server says that nothing will follow.
 */
export async function readEvents({
  url,
  onEvent,
  onOpen,
  onLost,
  signal,
}: EventSourceOptions): Promise<void> {
  let lastId: string | undefined
  let pauseMs = PAUSE_MIN_MS
  const parser = createParser({
    onEvent(event) {
      lastId = event.id ?? lastId
      onEvent(event)
    },
  })
  while (!signal.aborted) {
    const silence = new AbortController()
    let alarm = setTimeout(() => silence.abort(), SILENCE_MAX_MS)
    try {
      const response = await fetch(url, {
        headers: lastId === undefined ? {} : { 'last-event-id': lastId },
        signal: AbortSignal.any([signal, silence.signal]),
      })
      if (response.status === 204) return
      if (!response.ok || response.body === null) throw new Error(`The stream answered ${response.status}`)
      onOpen?.()
      pauseMs = PAUSE_MIN_MS
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        clearTimeout(alarm)
        alarm = setTimeout(() => silence.abort(), SILENCE_MAX_MS)
        parser.feed(part.value)
      }
    } catch {
      // It is opened again.
    } finally {
      clearTimeout(alarm)
      parser.reset()
    }
    if (signal.aborted) return
    onLost?.()
    await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.75 + Math.random() / 2)))
    pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS)
  }
}
