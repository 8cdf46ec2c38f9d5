import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from '../root.ts'

/** What runs in production, but for workflows: their clock is Temporal's, and is never set back. */
const FOLDERS = ['activities', 'api', 'dispatch', 'domain', 'events', 'read-models', 'workers']

/** gRPC takes a limit as a point in time by our clock, and makes a duration of it at once. */
const AS_A_LIMIT = /withDeadline\(Date\.now\(\) \+ /g

const readsClock = (text: string) => /Date\.now|new Date\(\)/.test(text.replaceAll(AS_A_LIMIT, ''))

it('no duration is measured, and no time judged, by the clock of the host: it can be wrong, and is set right meanwhile', () => {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => path.join(folder, file)),
  )
  expect(files).toContain('dispatch/capacity.ts')
  expect(files.filter((file) => readsClock(readFileSync(path.join(ROOT, file), 'utf8')))).toEqual([])
})
