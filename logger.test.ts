import type { Logger } from 'pino'
import { expect, it } from 'vitest'
import { withLogContext } from './log-context.ts'
import { createLogger, createTroubleLog } from './logger.ts'

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

/** What a process writes, line by line. */
function logged(write: (log: Logger) => void) {
  const lines: Record<string, unknown>[] = []
  write(createLogger('test', { LOG_LEVEL: 'trace' }, { write: (line) => void lines.push(JSON.parse(line)) }))
  return lines.map(({ level: _level, time: _time, pid: _pid, ...line }) => line)
}

it('a line says what is allowed, and of the rest the name alone', () => {
  const lines = logged((log) =>
    log.info({ orderId: 'o1', status: 202, address: 'Elm Street 1', body: {} }, 'accepted'),
  )
  expect(lines).toEqual([
    { name: 'test', orderId: 'o1', status: 202, dropped: ['address', 'body'], msg: 'accepted' },
  ])
})

it('an error is logged by its class and code, without its text', () => {
  const error = Object.assign(new TypeError('for Jane Doe of Elm Street 1'), { code: 'E_NO' })
  const lines = logged((log) => {
    log.error(error, 'drain failed')
    log.error({ error }, 'drain failed')
  })
  const line = { error: { class: 'TypeError', code: 'E_NO', at: expect.any(String) }, msg: 'drain failed' }
  expect(lines).toMatchObject([line, line])
  expect(JSON.stringify(lines)).not.toContain('Elm Street')
})

it('what is logged in the course of a request says which, also after a wait, and of an attempt within it', async () => {
  const lines: Record<string, unknown>[] = []
  const log = createLogger(
    'test',
    { LOG_LEVEL: 'info' },
    { write: (line) => void lines.push(JSON.parse(line)) },
  )
  await withLogContext({ requestId: 'r1' }, async () => {
    await Promise.resolve()
    log.info('in the request')
    withLogContext({ orderId: 'o1' }, () => log.info({ code: 'DECLINED' }, 'about its order'))
    log.info('in the request again')
  })
  log.info('after it')
  expect(lines.map(({ msg, requestId, orderId, code }) => ({ msg, requestId, orderId, code }))).toEqual([
    { msg: 'in the request', requestId: 'r1' },
    { msg: 'about its order', requestId: 'r1', orderId: 'o1', code: 'DECLINED' },
    { msg: 'in the request again', requestId: 'r1' },
    { msg: 'after it' },
  ])
})
