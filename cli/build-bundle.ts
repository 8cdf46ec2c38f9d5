import { writeFile } from 'node:fs/promises'
import process from 'node:process'
import { bundleWorkflows } from '../workers/bundle.ts'

/** Compiles the workflows into a file, so that workers start without compiling them: for images. */
const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('Usage: node --import tsx cli/build-bundle.ts <file>')
await writeFile(file, await bundleWorkflows())
