import type { Logger } from 'pino'
import { expect, it } from 'vitest'
import { createTroubleLog } from './logger.ts'

/** A log that keeps what it is given, and a clock that is set. */
function troubleAt() {
  const lines: object[] = []
  const clock = { ms: 0 }
  const log = { warn: (fields: object, what: string) => void lines.push({ ...fields, what }) }
  return { lines, clock, trouble: createTroubleLog(log as unknown as Logger, () => clock.ms) }
}

it('trouble that lasts is logged at once, and then each ten seconds with how often it came', () => {
  const { lines, clock, trouble } = troubleAt()
  for (; clock.ms < 25_000; clock.ms += 1000) trouble('the broker could not be reached', 'away')
  const line = { error: { class: 'string' }, what: 'the broker could not be reached' }
  expect(lines).toEqual([line, { ...line, timesBefore: 9 }, { ...line, timesBefore: 9 }])
})

it('trouble of one kind does not hide that of another', () => {
  const { lines, trouble } = troubleAt()
  trouble('the broker could not be reached', 'away')
  trouble('a job failed', 'away')
  expect(lines).toMatchObject([{ what: 'the broker could not be reached' }, { what: 'a job failed' }])
})
