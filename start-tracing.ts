import type { Config } from './config.ts'

export type TracingSettings = Pick<Config, 'OTEL_EXPORTER_OTLP_ENDPOINT' | 'OTEL_TRACES_SAMPLER_ARG'>

/** Sends what was not sent yet, within a bound, and makes no more spans. */
export type StopTracing = () => Promise<void>

/**
 * Turns tracing on in this process, if it is configured. Otherwise not even the SDK is loaded.
 * @param name of the process: its spans have the service `ordersaga-<name>`.
 * @param onTrouble called while spans cannot be sent: they are dropped, and nothing else comes of it.
 */
export async function startTracing(
  name: string,
  { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_SAMPLER_ARG: ratio }: TracingSettings,
  onTrouble: (what: string, error: unknown) => void,
): Promise<StopTracing> {
  if (endpoint === undefined) return async () => undefined
  const { startSdk } = await import('./tracing-sdk.ts')
  return startSdk({ service: `ordersaga-${name}`, endpoint, ratio, onTrouble })
}
