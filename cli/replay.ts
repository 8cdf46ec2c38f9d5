import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { z } from 'zod'
import { readConfig } from '../config.ts'
import { createLogger } from '../logger.ts'
import { bundleFile } from '../workers/bundle.ts'
import { replayHistory } from '../workers/replay-history.ts'
import { installRuntime } from '../workers/runtime.ts'

const [file] = process.argv.slice(2)

/** As far as it must be right for the SDK to find what is wrong with the rest. */
const historySchema = z.object(
  { events: z.array(z.looseObject({ eventId: z.string() })).min(1, 'The history has no events.') },
  'This is no history: an object with `events` is expected, as `npm run history` writes it.',
)

try {
  if (file === undefined) throw new Error('Usage: npm run replay -- <file>')
  const config = readConfig()
  installRuntime(createLogger('replay', { LOG_LEVEL: 'silent' }))
  const history = historySchema.parse(JSON.parse(await readFile(file, 'utf8')))
  await replayHistory({ codePath: await bundleFile(config.DATA_DIR) }, history)
  process.stdout.write(`${file} replays: today's code would decide the same.\n`)
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
}
// The SDK's runtime keeps a process open that has replayed nothing.
process.exit()

function messageOf(error: unknown): string {
  if (error instanceof z.ZodError) return error.issues.map(({ message }) => message).join('\n')
  return error instanceof Error ? error.message : String(error)
}
