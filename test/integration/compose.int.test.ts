import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { ROOT } from '../../root.ts'
import { COMPOSE_MISSING, findCompose } from '../harness/compose.ts'

const tool = findCompose()
const hint = tool === undefined ? `: ${COMPOSE_MISSING}` : ''
const isCi = process.env['CI'] === 'true'

const folder = mkdtempSync(path.join(os.tmpdir(), 'ordersaga-compose-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const makePasswords = () => spawnSync('sh', ['docker/passwords.sh'], { cwd: ROOT, encoding: 'utf8' }).stdout

/** As Compose reads the file, with these lines as its `.env`. */
function config([command = '', ...args]: readonly string[], lines: string) {
  const file = path.join(folder, 'env')
  writeFileSync(file, lines)
  return spawnSync(command, [...args, '--env-file', file, 'config'], { cwd: ROOT, encoding: 'utf8' })
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
        'api',
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

  it.skipIf(tool === undefined)(`has no default password, and says how to make one${hint}`, () => {
    const checked = config(tool ?? [], '')
    expect(checked.status).not.toBe(0)
    expect(checked.stderr).toContain('run sh docker/passwords.sh >> .env')
  })

  it('names each image at one version, gives each process of ours the time that it drains for, and bounds the logs', () => {
    const file = readFileSync(path.join(ROOT, 'docker-compose.yml'), 'utf8')
    const images = [...file.matchAll(/^ +image: (\S+)$/gm)].flatMap(([, image = '']) =>
      image === 'ordersaga' ? [] : [image],
    )
    expect(images.length).toBeGreaterThan(4)
    for (const image of images) expect(image).toMatch(/:\d+\.\d+/)
    const services = file.split(/^ {2}(?=[\w-]+:)/m)
    const has = (name: string, what: RegExp) =>
      expect(services.find((service) => service.startsWith(`${name}:`))).toMatch(what)
    has('sandbox', /stop_grace_period: 25s/)
    for (const name of ['api', 'worker-1', 'worker-2', 'relay', 'projector']) has(name, /<<: \*app$/m)
    expect(file).toMatch(/^x-app: &app$[^]*max-size: 10m$[^]*^services:$/m)
    expect(file.match(/^ +stop_grace_period: 25s$/gm)).toHaveLength(2)
    for (const name of ['postgres', 'temporal', 'temporal-ui', 'nats', 'sandbox'])
      has(name, /logging: \*logging/)
  })

  it('holds no password, and neither does an image: they are in .env, which is left out', () => {
    const file = readFileSync(path.join(ROOT, 'docker-compose.yml'), 'utf8')
    const passwords = [...file.matchAll(/^ +\w*(?:PASSWORD|PWD): (.*)$/gm)].map(([, value = '']) => value)
    expect(passwords.length).toBeGreaterThan(4)
    for (const value of passwords) expect(value).toMatch(/^\$\{\w+:\?run sh docker\/passwords.sh >> .env\}$/)
    expect(file).not.toMatch(/:\/\/\w+:[^$\s]+@/)
    expect(readFileSync(path.join(ROOT, '.dockerignore'), 'utf8').split('\n')).toContain('.env*')
  })

  it('makes other passwords each time', () => {
    const make = () => parseEnv(makePasswords())
    const all = [make(), make()].flatMap((passwords) => Object.values(passwords))
    expect(new Set(all).size).toBe(8)
    for (const password of all) expect(password).toMatch(/^[0-9a-f]{48}$/)
  })
})
