import { expect, it } from 'vitest'
import { completionOf } from './completion.ts'
import { buildProgram } from './program.ts'

it.each(['bash', 'zsh', 'fish'] as const)('%s completes every command, also below another', (shell) => {
  const script = completionOf(buildProgram(), shell)
  for (const part of ["'order-saga parked skip'", 'parked', 'doctor', 'step', 'json'])
    expect(script).toContain(part)
})

it('quotes what a shell would read', () => {
  const program = buildProgram()
  program.command('odd').description("it's $(odd)")
  expect(completionOf(program, 'fish')).toContain(`-a odd -d 'it'\\''s $(odd)'`)
})
