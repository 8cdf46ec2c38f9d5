#!/usr/bin/env node
// Starts the command line from any folder: Node runs no TypeScript by itself, and finds the compiler from here alone.
import path from 'node:path'
import process from 'node:process'

const tsx = await import('tsx/esm/api').catch(() => {
  process.stderr.write(
    `The packages of OrderSaga are not installed: run npm run order-saga once in ${path.dirname(import.meta.dirname)}.\n`,
  )
  process.exit(1)
})
tsx.register({ tsconfig: path.join(import.meta.dirname, '..', 'tsconfig.json') })
await import('./order-saga.ts')
