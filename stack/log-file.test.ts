import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { turnLog } from './log-file.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'ordersaga-log-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const TOO_LARGE = 10 * 1024 * 1024 + 1

describe('the log of a server', () => {
  const file = path.join(folder, 'server.log')

  it('that has grown too large is begun anew, and the last one of those is kept', () => {
    for (const line of ['first', 'second']) {
      writeFileSync(file, line)
      truncateSync(file, TOO_LARGE)
      turnLog(file)
      expect(existsSync(file)).toBe(false)
    }
    expect(readFileSync(`${file}.1`, 'utf8').slice(0, 6)).toBe('second')
  })

  it('goes on while it is small, and need not be there', () => {
    writeFileSync(file, 'small')
    turnLog(file)
    turnLog(path.join(folder, 'none.log'))
    expect(readFileSync(file, 'utf8')).toBe('small')
  })
})
