import { spawn, type ChildProcess } from 'node:child_process'
import path from 'node:path'
import type { Writable } from 'node:stream'
import { ROOT } from '../root.ts'

let orders: Writable | undefined

/** Has a server stopped with `signal` when this process ends, in whatever way, and has not stopped it itself. */
export function guard(server: ChildProcess, signal: NodeJS.Signals): void {
  orders ??= startGuard()
  orders.write(`guard ${server.pid} ${signal}\n`)
  server.once('exit', () => orders?.write(`release ${server.pid}\n`))
}

/** It is not waited for: it ends with this process. */
function startGuard(): Writable {
  const child = spawn(process.execPath, [path.join(ROOT, 'stack', 'guard.mjs')], {
    // Its own process group: Ctrl-C is not for it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.on('error', () => undefined).unref()
  const { stdin } = child
  stdin.on('error', () => undefined)
  if ('unref' in stdin) (stdin as { unref(): void }).unref()
  return stdin
}
