import os from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { requireRoom } from './room.ts'

it('a disk without room is named in one line that says what to do, also for a folder that is not there yet', () => {
  const folder = path.join(os.tmpdir(), 'not', 'there')
  expect(() => requireRoom(folder, Number.MAX_SAFE_INTEGER)).toThrow(
    /^The disk of \S+ is full \(\d+ MB are free, \d+ are needed\): make room there, or set DATA_DIR to a folder on another disk\.$/,
  )
  expect(() => requireRoom(folder, 0)).not.toThrow()
})
