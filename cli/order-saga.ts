import process from 'node:process'
import { ApiProblem } from './client.ts'
import { codeOf, describeFailure, EXIT, UsageError } from './failures.ts'
import { buildProgram } from './program.ts'

/** `order-saga`: reads its arguments, runs one command, and ends with the exit code that docs/cli.md lists. */
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // A reader such as `head` has seen enough.
    process.exit(error.code === 'EPIPE' ? EXIT.fine : EXIT.failed)
  })

const program = buildProgram()
let code: number = EXIT.fine
try {
  await program.parseAsync()
} catch (error) {
  code = codeOf(error)
  const isJson = program.opts<{ json?: boolean }>().json === true
  // Commander has printed its own message.
  const text = isJson && error instanceof ApiProblem ? JSON.stringify(error.problem) : describeFailure(error)
  if (text !== '') process.stderr.write(`${text}\n`)
  if (error instanceof UsageError) process.stderr.write('See order-saga --help.\n')
}
await new Promise((resolve) => process.stdout.write('', resolve))
// The runtime of Temporal's SDK, which `replay` loads, would keep the process open.
process.exit(code)
