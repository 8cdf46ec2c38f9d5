import process from 'node:process'

/** What a process of a contestant is started with. */
export interface Settings {
  /** Where it listens, if it does. */
  port: number
  databaseUrl: string
  sandboxUrl: string
  temporalAddress: string
  /** The compiled workflows of a Temporal worker. */
  workflowBundle: string
  /** Where Restate takes requests. */
  ingressUrl: string
}

/** The part of the settings that a process needs is the part that its starter sends. */
export const asEnvironment = (settings: Partial<Settings>): Record<string, string> => ({
  CONTESTANT_SETTINGS: JSON.stringify(settings),
})

/** Also ends this process when its starter is gone: the other end of its standard input then closes. */
export function readSettings(): Settings {
  process.stdin.once('end', () => process.exit(1)).resume()
  return JSON.parse(process.env['CONTESTANT_SETTINGS'] ?? '{}') as Settings
}
