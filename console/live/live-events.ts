import { readEvents } from './event-source.ts'

/** What happened somewhere in the system: the stream of its saga or account, and the type of the event. */
export interface LiveEvent {
  streamId: string
  type: string
}

export type Connection = 'connecting' | 'live' | 'lost'

type Message =
  | { kind: 'event'; event: LiveEvent }
  | { kind: 'missed' }
  | { kind: 'state'; state: Connection }
  | { kind: 'hello' }

export interface LiveOptions {
  onEvent: (event: LiveEvent) => void
  /** Events may have been missed: what is shown is to be read again. */
  onMissed: () => void
  onState: (state: Connection) => void
  signal: AbortSignal
}

const NAME = 'order-saga-live'

/**
 * Follows everything that happens. A browser keeps at most six connections to one host, so the tabs share one stream:
 * the one that holds the lock reads it and passes it on; when it is closed, another takes over.
 */
export function followEvents({ onEvent, onMissed, onState, signal }: LiveOptions): void {
  const channel = new BroadcastChannel(NAME)
  let isReader = false
  let state: Connection = 'connecting'

  const take = (message: Message) => {
    if (message.kind === 'event') onEvent(message.event)
    if (message.kind === 'missed') onMissed()
    if (message.kind === 'state') onState(message.state)
    if (message.kind === 'hello' && isReader) channel.postMessage({ kind: 'state', state } satisfies Message)
  }
  const share = (message: Message) => {
    take(message)
    channel.postMessage(message)
  }
  const setState = (next: Connection) => {
    state = next
    share({ kind: 'state', state })
  }
  channel.addEventListener('message', ({ data }: MessageEvent<Message>) => take(data))
  channel.postMessage({ kind: 'hello' } satisfies Message)
  signal.addEventListener('abort', () => channel.close())

  const read = async () => {
    isReader = true
    // What happened between the last reader and this one.
    share({ kind: 'missed' })
    await readEvents({
      url: '/operations/stream',
      signal,
      onOpen: () => {
        // What this stream does not repeat is read again.
        if (state === 'lost') share({ kind: 'missed' })
        setState('live')
      },
      onLost: () => setState('lost'),
      onEvent: ({ event = 'message', data }) => {
        if (event === 'EventsMissed') share({ kind: 'missed' })
        else share({ kind: 'event', event: { type: event, streamId: streamIn(data) } })
      },
    })
  }
  // Without a secure context there are no locks: each tab reads a stream of its own.
  const locks = navigator.locks as LockManager | undefined
  void (locks === undefined ? read() : locks.request(NAME, { signal }, read).catch(() => undefined))
}

function streamIn(data: string): string {
  const { streamId } = JSON.parse(data) as Partial<LiveEvent>
  return streamId ?? ''
}
