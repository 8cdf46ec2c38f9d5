import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../../root.ts'
import { COMPOSE_MISSING, findCompose } from '../harness/compose.ts'

const tool = findCompose()
const hint = tool === undefined ? `: ${COMPOSE_MISSING}` : ''
const isCi = process.env['CI'] === 'true'

describe('docker-compose.yml', () => {
  // Without the tool a developer can go on, and the run says so; CI is where the file is sure to be checked.
  it.skipIf(tool === undefined && !isCi)(
    `is accepted by Docker Compose, and waits for each server before what needs it${hint}`,
    () => {
      if (tool === undefined) throw new Error(COMPOSE_MISSING)
      const [command = '', ...args] = tool
      const checked = spawnSync(command, [...args, 'config'], { cwd: ROOT, encoding: 'utf8' })
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
})
