import { openNatsTransport } from './nats.ts'
import { openPostgresTransport } from './postgres.ts'
import type { EventTransport, OnTrouble } from './transport.ts'

/** Which broker carries the events, and where it is. */
export interface TransportSettings {
  kind: 'postgres' | 'nats'
  url: string
}

/** Connects to the broker; one that is away is waited for. */
export async function openTransport(
  { kind, url }: TransportSettings,
  onTrouble: OnTrouble,
): Promise<EventTransport> {
  switch (kind) {
    case 'postgres':
      return openPostgresTransport(url, onTrouble)
    case 'nats':
      return openNatsTransport(url, onTrouble)
  }
}
