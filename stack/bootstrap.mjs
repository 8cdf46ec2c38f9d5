// Makes a fresh clone ready: installs the packages and generates the Prisma client when that is needed. It runs
// before anything is installed, so it may use Node alone.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'

const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '..')
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
// What Prisma installs on: a version of Node with long-term support, from the release on that can `require` modules.
if (!(major >= 24 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19))) {
  fail(
    `OrderSaga needs Node 20.19, 22.12, 24 or newer, and this is ${process.versions.node}: ` +
      'install Node 24 (e.g. `nvm install`) and try again.',
  )
}

// webpack reads "!" in a path as its own, and PostgreSQL hands its path to a shell.
const odd = /[!$`"\\\n]/.exec(root)?.[0]
if (odd !== undefined)
  fail(`The path of this folder, ${root}, holds ${JSON.stringify(odd)}: move it to one without.`)

// The seal says which lockfile was installed, and which schema was generated.
whenChanged('node_modules/.ordersaga-installed', ['package-lock.json'], () => {
  console.log('Installing packages (once, about a minute) …')
  run(process.platform === 'win32' ? 'npm.cmd' : 'npm', ['ci', '--include=dev', '--no-audit', '--no-fund'])
})
whenChanged('prisma/generated/.ordersaga-generated', ['package-lock.json', 'prisma/schema.prisma'], () => {
  // Generating needs no native engine, but the CLI insists on finding one: any executable will do.
  run(process.execPath, ['node_modules/prisma/build/index.js', 'generate'], {
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  })
})

/** @param {string} seal @param {string[]} sources @param {() => void} act */
function whenChanged(seal, sources, act) {
  const hash = createHash('sha256')
  for (const source of sources) hash.update(readFileSync(path.join(root, source)))
  const wanted = hash.digest('hex')
  const file = path.join(root, seal)
  if (existsSync(file) && readFileSync(file, 'utf8') === wanted) return
  act()
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, wanted)
}

/** @param {string} command @param {string[]} args @param {Record<string, string>} [env] */
function run(command, args, env = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  })
  if (status !== 0) {
    const printed = `${error?.message ?? ''}${stdout}${stderr}`.trim().split('\n').slice(0, 20).join('\n')
    fail(`${command} ${args.join(' ')} failed:\n${printed}`)
  }
}

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(message)
  process.exit(1)
}
