import { openPostgresTransport } from './transports/postgres.ts'
import type { EventTransport, OnTrouble } from './transport.ts'

/** Which broker carries the events, and where it is. */
export interface TransportSettings {
  kind: 'postgres'
  url: string
}

/** @throws when the broker cannot be used at all; one that is away for a while is waited for. */
export function openTransport(settings: TransportSettings, onTrouble: OnTrouble): Promise<EventTransport> {
  switch (settings.kind) {
    case 'postgres':
      return Promise.resolve(openPostgresTransport(settings.url, onTrouble))
  }
}
