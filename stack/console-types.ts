import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { ROOT } from '../root.ts'
import { describeApi } from './api-document.ts'

/**
 * `npm run console:types`: writes the types of the API's document for the console. The generator works on the compiler
 * of TypeScript 5, beside the one of this project: npm fetches both when they are needed.
 */
const PACKAGES = ['openapi-typescript@7.13.0', 'typescript@5.9.3']

export const TYPES = path.join(ROOT, 'console', 'api-types.ts')

/** The first line of the types: which document they are of. A test compares it with the document of today. */
export function typesSeal(): string {
  const hash = createHash('sha256').update(JSON.stringify(describeApi())).digest('hex')
  return `// Generated from the API's document by npm run console:types. Document: ${hash.slice(0, 16)}`
}

function generate(): void {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ordersaga-types-'))
  try {
    const [document, types] = [path.join(folder, 'openapi.json'), path.join(folder, 'types.ts')]
    writeFileSync(document, JSON.stringify(describeApi()))
    const packages = PACKAGES.map((name) => `--package=${name}`)
    const args = ['exec', '--yes', ...packages, '--', 'openapi-typescript', document, '-o', types]
    const { status } = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
    if (status !== 0) throw new Error('The types could not be generated: the lines above say why.')
    writeFileSync(TYPES, `${typesSeal()}\n${readFileSync(types, 'utf8')}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (process.argv[1] === import.meta.filename) generate()
