import { rename } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { buildConsole } from '../stack/console.ts'

/** Builds the console into a folder: for images. */
const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('Usage: node --import tsx cli/build-console.ts <folder>')
await rename(await buildConsole(path.dirname(folder)), folder)
