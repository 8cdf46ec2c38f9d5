import { readFile, writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { z } from 'zod'
import { given } from '../client.ts'
import { example, open, openOutput } from '../command.ts'
import { Failed } from '../failures.ts'

/** As far as it must be right for the SDK to find what is wrong with the rest. */
const historySchema = z.object(
  { events: z.array(z.looseObject({ eventId: z.string() })).min(1, 'The history has no events.') },
  'This is no history: an object with `events` is expected, as `order-saga history` writes it.',
)

export function addHistoryCommands(program: Command): void {
  program
    .command('history')
    .description('write the history of an order’s workflow to a file')
    .argument('<id>', 'of the order')
    .addHelpText('after', example('history 0199c5a1-…'))
    .action(async (id: string, _options: unknown, command: Command) => {
      const { client, out } = open(command)
      const history = given(await client.GET('/orders/{id}/history', { params: { path: { id } } }))
      if (out.isJson) return out.answer(history, () => undefined)
      const file = `order-${id}.history.json`
      await writeFile(file, `${JSON.stringify(history, null, 2)}\n`)
      out.print(`${file}\nReplay it with: order-saga replay ${file}`)
    })
  program
    .command('replay')
    .description('check that today’s code would decide as a history says')
    .argument('<file>', 'that `history` wrote')
    .addHelpText('after', example('replay order-0199c5a1-….history.json'))
    .action(async (file: string, _options: unknown, command: Command) => {
      const out = openOutput(command)
      await replay(await readHistory(file))
      out.answer({ file, replays: true }, () =>
        out.print(`${file} replays: today's code would decide the same.`),
      )
    })
}

/** @throws Failed for what is no history. */
async function readHistory(file: string): Promise<z.infer<typeof historySchema>> {
  const read = historySchema.safeParse(JSON.parse(await readFile(file, 'utf8')))
  if (!read.success) throw new Failed(read.error.issues.map(({ message }) => message).join('\n'))
  return read.data
}

/** What replays is loaded here alone: it takes longer than most commands do. */
async function replay(history: z.infer<typeof historySchema>): Promise<void> {
  const { readLocalConfig } = await import('../local-config.ts')
  const { createLogger } = await import('../../logger.ts')
  const { bundleFile } = await import('../../workers/bundle.ts')
  const { replayHistory } = await import('../../workers/replay-history.ts')
  const { installRuntime } = await import('../../workers/runtime.ts')
  installRuntime(createLogger('replay', { LOG_LEVEL: 'silent' }))
  await replayHistory({ codePath: await bundleFile(readLocalConfig().DATA_DIR) }, history)
}
