import path from 'node:path'
import { compileProcesses } from '../../../stack/compile.ts'
import { freePort } from '../../../stack/ports.ts'
import type { Contestant } from '../contestant.ts'
import { runOnDatabase } from '../ground.ts'
import { bundleInto, onBothTemporals } from '../temporal.ts'

const PROGRAMS = { front: 'bench/compare/plain/front', worker: 'bench/compare/plain/worker' }

/**
 * Temporal as its samples use it: regular activities in sequence with the options that the SDK has by default, and one
 * worker with its defaults.
 */
const start: Contestant['start'] = (ground) =>
  runOnDatabase(
    ground,
    (name) => name === 'worker',
    async ({ parts, sandboxUrl }) => {
      const [compiled, workflowBundle, port] = await Promise.all([
        compileProcesses(Object.values(PROGRAMS).map((program) => `${program}.ts`)),
        bundleInto(ground.folder, 'plain/workflows.ts'),
        freePort(),
      ])
      const { temporalAddress } = ground
      const settings = {
        databaseUrl: ground.database.migrator,
        sandboxUrl,
        temporalAddress,
        workflowBundle,
        port,
      }
      parts.run('worker', path.join(compiled, `${PROGRAMS.worker}.js`), settings)
      parts.run('front', path.join(compiled, `${PROGRAMS.front}.js`), settings)
      return { url: `http://127.0.0.1:${port}` }
    },
  )

export const PLAIN = onBothTemporals('plain', start)
