import {
  closeSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openLog, shrink } from './log-file.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'ordersaga-log-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const TOO_LARGE = 10 * 1024 * 1024 + 1

describe('the log of a server', () => {
  const file = path.join(folder, 'server.log')

  it('that has grown too large is begun anew, and the last one of those is kept', () => {
    for (const line of ['first', 'second']) {
      writeFileSync(file, line)
      truncateSync(file, TOO_LARGE)
      closeSync(openLog(file))
      expect(statSync(file).size).toBe(0)
    }
    expect(readFileSync(`${file}.1`, 'utf8').slice(0, 6)).toBe('second')
  })

  it('that grows too large while the server runs is cut, and the server goes on with it', () => {
    writeFileSync(file, 'third')
    const log = openLog(file)
    truncateSync(file, TOO_LARGE)
    shrink(file)
    writeSync(log, 'fourth')
    closeSync(log)
    expect(readFileSync(file, 'utf8')).toBe('fourth')
    expect(readFileSync(`${file}.1`, 'utf8').slice(0, 5)).toBe('third')
  })

  it('goes on while it is small, and need not be there', () => {
    const none = path.join(folder, 'none.log')
    shrink(none)
    expect(existsSync(none)).toBe(false)
    closeSync(openLog(none))
    writeFileSync(file, 'small')
    shrink(file)
    closeSync(openLog(file))
    expect(readFileSync(file, 'utf8')).toBe('small')
  })
})
