import { loadClientConnectConfig } from '@temporalio/envconfig'
import type { NativeConnectionOptions } from '@temporalio/worker'
import { asEnvironment, temporalAddress, type Config } from './config.ts'

/** Where Temporal is, and how to be let in. */
export type TemporalTarget = Pick<NativeConnectionOptions, 'tls' | 'apiKey'> & { address: string }

/**
 * The target that the configuration names, in the variables that Temporal's own tools read. A profile in the home
 * folder is not read: it would send the orders of `npm start` to another system.
 * @throws Error when a file that the configuration names cannot be read.
 */
export function temporalTarget(config: Config): TemporalTarget {
  const { connectionOptions } = loadClientConnectConfig({
    disableFile: true,
    overrideEnvVars: asEnvironment(config),
  })
  const { tls, apiKey } = connectionOptions
  return {
    address: temporalAddress(config),
    ...(tls === undefined ? {} : { tls }),
    ...(apiKey === undefined ? {} : { apiKey }),
  }
}
