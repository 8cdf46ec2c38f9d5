import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import type { Command } from 'commander'
import { ROOT } from '../../root.ts'
import { example } from '../command.ts'
import { Failed, UsageError } from '../failures.ts'

export function addBenchCommand(program: Command): void {
  program
    .command('bench')
    .description('measure something on this machine')
    .argument('[name]', 'of the benchmark, e.g. recovery')
    .argument('[args...]', 'of its own')
    .allowUnknownOption()
    .addHelpText('after', `${example('bench recovery')}\n\nFigures are text: --json changes nothing.`)
    .action(async (name: string | undefined, args: string[]) => {
      const argv = ['--import', 'tsx', 'bench/index.ts', ...(name === undefined ? [] : [name, ...args])]
      const child = spawn(process.execPath, argv, { cwd: ROOT, stdio: 'inherit' })
      // Ctrl-C reaches the child by itself, and it stops what it has started.
      process.on('SIGINT', () => undefined)
      process.on('SIGTERM', () => child.kill('SIGTERM'))
      const [code] = (await once(child, 'exit')) as [number | null]
      if (name === undefined) throw new UsageError('Name one of these.')
      if (code !== 0) throw new Failed('The benchmark did not finish.')
    })
}
