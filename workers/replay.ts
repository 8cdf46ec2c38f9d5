import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { readConfig } from '../config.ts'
import { createLogger } from '../logger.ts'
import { bundleFile } from './bundle.ts'
import { replayHistory } from './replay-history.ts'
import { installRuntime } from './runtime.ts'

const [file] = process.argv.slice(2)

try {
  if (file === undefined) throw new Error('Usage: npm run replay -- <file>')
  const config = readConfig()
  installRuntime(createLogger('replay', { LOG_LEVEL: 'silent' }))
  const history: unknown = JSON.parse(await readFile(file, 'utf8'))
  await replayHistory({ codePath: await bundleFile(config.DATA_DIR) }, history)
  process.stdout.write(`${file} replays: today's code would decide the same.\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
