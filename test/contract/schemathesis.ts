import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { childEnvironment } from '../../config.ts'
import { installInto, runSlowly } from '../../stack/download.ts'
import { CACHE } from '../../stack/places.ts'

/** Its configuration, its hooks and what it is made of. */
const FOLDER = import.meta.dirname
const REQUIREMENTS = path.join(FOLDER, 'requirements.txt')

const PYTHON_MISSING =
  'The contract is checked with Schemathesis, which needs Python 3.11 or newer with venv and pip, and once the packages ' +
  'of test/contract/requirements.txt. Install them (Debian and Ubuntu: apt-get install python3 python3-venv) and run this ' +
  'again.'

const IS_NEW_ENOUGH = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'

/**
 * The Python of a virtual environment that has Schemathesis. It is made once for each list of requirements, and again
 * when the Python that it was made with has gone.
 * @throws Error that says what to install.
 */
export async function installSchemathesis(
  log: (line: string) => void,
  { python, cache }: { python: string; cache: string } = { python: 'python3', cache: CACHE },
): Promise<string> {
  const version = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12)
  const place = path.join(cache, `schemathesis-${version}`)
  const installed = path.join(place, 'bin', 'python')
  if (existsSync(installed) && spawnSync(installed, ['-m', 'schemathesis.cli', '--version']).status === 0)
    return installed
  if (spawnSync(python, ['-c', IS_NEW_ENOUGH]).status !== 0) throw new Error(PYTHON_MISSING)
  await installInto(place, async (scratch) => {
    const made = path.join(scratch, 'environment')
    const pip = ['-m', 'pip', 'install', '--require-hashes', '--only-binary=:all:', '-r', REQUIREMENTS]
    await runSlowly('making a virtual environment', python, ['-m', 'venv', made], log)
    await runSlowly('installing Schemathesis, once', path.join(made, 'bin', 'python'), pip, log)
    return made
  }).catch((error: unknown) => {
    throw new Error(`${PYTHON_MISSING}\n${error instanceof Error ? error.message : String(error)}`)
  })
  return installed
}

/**
 * Holds the API against the document that it publishes. What is found is printed.
 * @param events where the record of the run is written, as lines of JSON.
 * @returns the exit code: 0 when nothing was found.
 */
export function runSchemathesis(python: string, apiUrl: string, events: string, which: readonly string[]) {
  const record = ['--report', 'ndjson', '--report-ndjson-path', events]
  const args = [
    '-m',
    'schemathesis.cli',
    'run',
    `${apiUrl}/openapi.json`,
    '--checks',
    'all',
    ...record,
    ...which,
  ]
  return new Promise<number>((resolve, reject) => {
    const child = spawn(python, args, {
      // Where it finds its configuration and its hooks.
      cwd: FOLDER,
      env: childEnvironment({ PYTHONDONTWRITEBYTECODE: '1' }),
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
}
