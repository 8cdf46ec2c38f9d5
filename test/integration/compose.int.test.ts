import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../../stack/places.ts'

const tool = [['docker-compose'], ['docker', 'compose']].find(
  ([command = '', ...args]) => spawnSync(command, [...args, 'version']).status === 0,
)

describe('docker-compose.yml', () => {
  it.runIf(tool !== undefined)(
    'is accepted by Docker Compose, and waits for each server before what needs it',
    () => {
      const [command = '', ...args] = tool ?? []
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
