import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { childEnvironment } from '../../config.ts'
import { ROOT } from '../../root.ts'
import { freePort } from '../../stack/ports.ts'
import { COMPOSE_MISSING, findCompose } from '../harness/compose.ts'
import { until } from '../harness/poll.ts'
import { compiled } from '../harness/start.ts'

const tool = findCompose()
const hint = tool === undefined ? `: ${COMPOSE_MISSING}` : ''
const isCi = process.env['CI'] === 'true'

const folder = mkdtempSync(path.join(os.tmpdir(), 'ordersaga-compose-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const makePasswords = () => spawnSync('sh', ['docker/passwords.sh'], { cwd: ROOT, encoding: 'utf8' }).stdout

const read = (name: string) => readFileSync(path.join(ROOT, name), 'utf8')

/** The text of a service in docker-compose.yml. */
function serviceOf(name: string): string {
  const services = read('docker-compose.yml').split(/^ {2}(?=[\w-]+:)/m)
  const found = services.find((service) => service.startsWith(`${name}:`))
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}.`)
  return found
}

/** As Compose reads the file, with these lines as its `.env`. */
function config([command = '', ...args]: readonly string[], lines: string, ...options: string[]) {
  const file = path.join(folder, 'env')
  writeFileSync(file, lines)
  const given = [...args, '--env-file', file, ...options, 'config']
  return spawnSync(command, given, { cwd: ROOT, encoding: 'utf8' })
}

describe('docker-compose.yml', () => {
  // Without the tool a developer can go on, and the run says so; CI is where the file is sure to be checked.
  it.skipIf(tool === undefined && !isCi)(
    `is accepted by Docker Compose, and waits for each server before what needs it${hint}`,
    () => {
      if (tool === undefined) throw new Error(COMPOSE_MISSING)
      const checked = config(tool, makePasswords())
      expect(checked.stderr).not.toMatch(/error|invalid/i)
      expect(checked.status).toBe(0)
      for (const service of [
        'admin-key',
        'api',
        'choreography',
        'migrate',
        'nats',
        'postgres',
        'projector',
        'relay',
        'sandbox',
        'temporal',
        'temporal-schema',
        'worker-1',
        'worker-2',
      ]) {
        expect(checked.stdout).toContain(`${service}:`)
      }
    },
  )

  it.skipIf(tool === undefined)(
    `has Jaeger in the profile observability alone, and sends traces only where a collector is set${hint}`,
    () => {
      const without = config(tool ?? [], makePasswords())
      expect(serviceOf('jaeger')).toMatch(/^ {4}profiles: \[observability\]$/m)
      expect(without.stdout).toMatch(/OTEL_EXPORTER_OTLP_ENDPOINT: (""|'')$/m)
      const lines = `${makePasswords()}OTEL_EXPORTER_OTLP_ENDPOINT=http://jaeger:4318\n`
      const { status, stdout } = config(tool ?? [], lines, '--profile', 'observability')
      expect(status).toBe(0)
      expect(stdout).toMatch(/^ {2}jaeger:$/m)
      // Our processes, and the sandbox.
      expect(stdout.match(/OTEL_EXPORTER_OTLP_ENDPOINT: http:\/\/jaeger:4318$/gm)).toHaveLength(7)
      expect(stdout).toContain('TRACE_UI_URL: http://127.0.0.1:16686/trace/{traceId}')
    },
  )

  it.skipIf(tool === undefined)(`has no default password, and says how to make one${hint}`, () => {
    const checked = config(tool ?? [], '')
    expect(checked.status).not.toBe(0)
    expect(checked.stderr).toContain('run sh docker/passwords.sh >> .env')
  })

  it('names each image at one version, gives each process of ours the time that it drains for, and bounds the logs', () => {
    const file = read('docker-compose.yml')
    const images = [...file.matchAll(/^ +image: (\S+)$/gm)].flatMap(([, image = '']) =>
      image === 'ordersaga' ? [] : [image],
    )
    expect(images.length).toBeGreaterThan(4)
    for (const image of images) expect(image).toMatch(/:v?\d+\.\d+/)
    const has = (name: string, what: RegExp) => expect(serviceOf(name)).toMatch(what)
    has('sandbox', /stop_grace_period: 25s/)
    for (const name of ['api', 'worker-1', 'worker-2', 'relay', 'projector', 'choreography'])
      has(name, /<<: \*app$/m)
    expect(file).toMatch(/^x-app: &app$[^]*max-size: 10m$[^]*^services:$/m)
    expect(file.match(/^ +stop_grace_period: 25s$/gm)).toHaveLength(2)
    for (const name of ['postgres', 'temporal', 'temporal-ui', 'nats', 'sandbox', 'prometheus', 'grafana'])
      has(name, /logging: \*logging/)
  })

  it('starts Prometheus and Grafana only with the profile observability, for this machine alone', () => {
    for (const [name, port] of Object.entries({ prometheus: 9090, grafana: 3001 })) {
      expect(serviceOf(name)).toContain('profiles: [observability]')
      expect(serviceOf(name)).toContain(`'127.0.0.1:${port}:`)
    }
    expect(serviceOf('grafana')).toMatch(/GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION: 'true'/)
  })

  it('holds no password, and neither does an image: they are in .env, which is left out', () => {
    const file = read('docker-compose.yml')
    const passwords = [...file.matchAll(/^ +\w*(?:PASSWORD|PWD): (.*)$/gm)].map(([, value = '']) => value)
    expect(passwords.length).toBeGreaterThan(4)
    for (const value of passwords) expect(value).toMatch(/^\$\{\w+:\?run sh docker\/passwords.sh >> .env\}$/)
    expect(file).not.toMatch(/:\/\/\w+:[^$\s]+@/)
    expect(read('.dockerignore').split('\n')).toContain('.env*')
  })

  it('makes other passwords each time', () => {
    const make = () => parseEnv(makePasswords())
    const all = [make(), make()].flatMap((passwords) => Object.values(passwords))
    expect(new Set(all).size).toBe(8)
    for (const password of all) expect(password).toMatch(/^[0-9a-f]{48}$/)
  })
})

describe('the key of the first admin', () => {
  let keys: string
  let file: string
  beforeEach(() => {
    keys = mkdtempSync(path.join(folder, 'keys-'))
    file = path.join(keys, 'admin')
  })

  /** The command of the service, with its file here. */
  async function makeKey(env: Record<string, string> = { BOOTSTRAP_ADMIN_KEY_FILE: file }) {
    const child = spawn(process.execPath, ['--import', 'tsx', 'cli/admin-key.ts'], {
      cwd: ROOT,
      env: childEnvironment(env),
    })
    let printed = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        printed += chunk.toString()
      })
    const [code] = (await once(child, 'close')) as [number]
    return { code, printed }
  }

  const FORM = /^os_[A-Za-z0-9]{1,64}_[A-Za-z0-9_-]{43}\n$/

  it('is made once, for its owner alone, and kept; the job prints where it is, and not the key', async () => {
    const first = await makeKey()
    const key = readFileSync(file, 'utf8')
    expect(key).toMatch(FORM)
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600')
    const second = await makeKey()
    expect(readFileSync(file, 'utf8')).toBe(key)
    expect([first, second]).toEqual([
      { code: 0, printed: `The admin's key is new, in ${file}\n` },
      { code: 0, printed: `The admin's key is kept, in ${file}\n` },
    ])
  })

  it('is one key, and the only file, when several jobs make it at the same time', async () => {
    const jobs = await Promise.all([makeKey(), makeKey(), makeKey(), makeKey()])
    expect(jobs.map(({ code }) => code)).toEqual([0, 0, 0, 0])
    expect(jobs.filter(({ printed }) => printed.includes('is new'))).toHaveLength(1)
    expect(readFileSync(file, 'utf8')).toMatch(FORM)
    expect(readdirSync(keys)).toEqual(['admin'])
  })

  it('is another one in each volume', async () => {
    await makeKey()
    const other = path.join(keys, 'other')
    await makeKey({ BOOTSTRAP_ADMIN_KEY_FILE: other })
    expect(readFileSync(other, 'utf8')).not.toBe(readFileSync(file, 'utf8'))
  })

  it('replaces nothing: the job fails where the file holds something else, names the file and does not show it', async () => {
    writeFileSync(file, 'hunter2')
    const { code, printed } = await makeKey()
    expect(code).toBe(1)
    expect(printed).toContain(`BOOTSTRAP_ADMIN_KEY_FILE: ${file} holds no key`)
    expect(printed).not.toContain('hunter2')
    expect(readFileSync(file, 'utf8')).toBe('hunter2')
  })

  it('is not made where no file is named, which the job says', async () => {
    const { code, printed } = await makeKey({ BOOTSTRAP_ADMIN_KEY_FILE: '' })
    expect([code, printed]).toEqual([1, expect.stringContaining('Set BOOTSTRAP_ADMIN_KEY_FILE')])
  })

  it('is written by its job, then read by the API alone, and is not in docker-compose.yml itself', () => {
    const setting = /BOOTSTRAP_ADMIN_KEY_FILE: (\S+)/
    const files = ['admin-key', 'api'].map((name) => setting.exec(serviceOf(name))?.[1])
    expect(files).toEqual(['/keys/admin', '/keys/admin'])
    expect(serviceOf('admin-key')).toMatch(/^ +- keys:\/keys$/m)
    expect(serviceOf('api')).toMatch(/^ +- keys:\/keys:ro$/m)
    expect(serviceOf('api')).toMatch(/admin-key:\s+condition: service_completed_successfully/)
    for (const name of ['worker-1', 'worker-2', 'relay', 'projector', 'choreography', 'sandbox', 'migrate'])
      expect(serviceOf(name)).not.toMatch(/keys|BOOTSTRAP/)
    expect(read('docker-compose.yml')).not.toMatch(/BOOTSTRAP_ADMIN_KEY:/)
    expect(read('Dockerfile')).toMatch(/^RUN .*install -d -o node -m 700 \/keys$/m)
  })
})

describe('the sandbox in the image, where NODE_ENV is production', () => {
  /** One that runs although it should not is stopped then. */
  const ENOUGH_MS = 120_000

  const start = (env: Record<string, string>) =>
    spawn(process.execPath, [compiled('sandbox/server.js')], {
      cwd: ROOT,
      timeout: ENOUGH_MS,
      env: childEnvironment({ NODE_ENV: 'production', DATA_DIR: folder, ...env }),
    })

  it('does not start by itself, and says what to set', async () => {
    const child = start({ SANDBOX: '', SANDBOX_PORT: String(await freePort()) })
    let printed = ''
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString()
    })
    const [code] = (await once(child, 'close')) as [number]
    expect([code, printed]).toEqual([1, expect.stringContaining('PAYMENT_URL and SHIPPING_URL')])
    expect(printed).toContain('SANDBOX=on')
  })

  it('starts as docker-compose.yml sets it', async () => {
    const [, SANDBOX = ''] = /^ +SANDBOX: '(\w+)'$/m.exec(serviceOf('sandbox')) ?? []
    const port = await freePort()
    const child = start({ SANDBOX, SANDBOX_PORT: String(port) })
    const isOver = once(child, 'close')
    await until('the sandbox to answer', () => {
      if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}.`)
      return fetch(`http://127.0.0.1:${port}/livez`).then(
        ({ ok }) => (ok ? true : undefined),
        () => undefined,
      )
    })
    child.kill('SIGTERM')
    expect(await isOver).toEqual([0, null])
  })
})
