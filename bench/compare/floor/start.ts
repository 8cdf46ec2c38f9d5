import path from 'node:path'
import { answering } from '../../../test/harness/served.ts'
import { compileProcesses } from '../../../stack/compile.ts'
import { freePort } from '../../../stack/ports.ts'
import type { Contestant, Ended } from '../contestant.ts'
import { createParts } from '../parts.ts'
import { bundleInto, onBothTemporals } from '../temporal.ts'

const PROGRAMS = { front: 'bench/compare/floor/front', worker: 'bench/compare/floor/worker' }

/** What Temporal costs at the least: a workflow that does nothing. It has neither database nor providers. */
const start: Contestant['start'] = async ({ folder, temporalAddress }) => {
  const [compiled, workflowBundle, port] = await Promise.all([
    compileProcesses(Object.values(PROGRAMS).map((program) => `${program}.ts`)),
    bundleInto(folder, 'floor/workflows.ts'),
    freePort(),
  ])
  const url = `http://127.0.0.1:${port}`
  const parts = createParts(folder)
  parts.run('worker', path.join(compiled, `${PROGRAMS.worker}.js`), { temporalAddress, workflowBundle })
  parts.run('front', path.join(compiled, `${PROGRAMS.front}.js`), { temporalAddress, port })
  await answering(`${url}/livez`)
  return {
    url,
    parts: parts.list,
    ended: async () => (await (await fetch(`${url}/ended`)).json()) as Ended[],
    crash: () => parts.crash((name) => name === 'worker'),
    stop: parts.stop,
  }
}

export const FLOOR = onBothTemporals('floor', start)
