import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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

  it('makes other passwords each time', () => {
    const make = () => parseEnv(makePasswords())
    const all = [make(), make()].flatMap((passwords) => Object.values(passwords))
    expect(new Set(all).size).toBe(8)
    for (const password of all) expect(password).toMatch(/^[0-9a-f]{48}$/)
  })
})
