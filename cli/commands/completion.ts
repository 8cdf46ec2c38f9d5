import { Argument, type Command } from 'commander'
import { example, openOutput } from '../command.ts'
import { completionOf, SHELLS, type Shell } from '../completion.ts'

export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('print a script that completes commands and options')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText(
      'after',
      [
        example(
          'completion bash >> ~/.bashrc',
          'completion fish > ~/.config/fish/completions/order-saga.fish',
        ),
        '  zsh: after compinit, source <(order-saga completion zsh)',
      ].join('\n'),
    )
    .action((shell: Shell, _options: unknown, command: Command) => {
      openOutput(command).print(completionOf(program, shell))
    })
}
