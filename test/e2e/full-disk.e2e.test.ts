import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { ROOT } from '../../root.ts'
import { startThrowawayStack } from '../../stack/throwaway.ts'
import { createApiClient, orderBody } from '../harness/api-client.ts'
import { until } from '../harness/poll.ts'

const ORDERS_MAX = 500

const closers: (() => unknown)[] = []
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A disk of its own, which only root can make. Undefined where it cannot be made. */
const disk = process.getuid?.() === 0 ? makeDisk() : undefined
const hint = disk === undefined ? ': not tried, because no file system can be mounted here' : ''

function makeDisk(): string | undefined {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ordersaga-disk-'))
  const isMounted =
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256m,mode=755', 'tmpfs', folder]).status === 0
  if (isMounted) closers.push(() => spawnSync('umount', ['--lazy', folder]))
  closers.unshift(() => rmSync(folder, { recursive: true, force: true }))
  return isMounted ? folder : undefined
}

function fill(folder: string): () => void {
  const file = path.join(folder, 'filler')
  const { bavail, bsize } = statfsSync(folder)
  spawnSync('dd', [
    'if=/dev/zero',
    `of=${file}`,
    'bs=64k',
    `count=${Math.ceil((bavail * bsize) / 65_536) + 1}`,
  ])
  return () => rmSync(file)
}

it.skipIf(disk === undefined)(
  `a full disk makes POST answer 503, loses no order, and all goes on when there is room${hint}`,
  async () => {
    const dataDir = path.join(disk ?? '', 'data')
    const printed: string[] = []
    const stack = await startThrowawayStack(() => (line) => printed.push(line), { DATA_DIR: dataDir })
    closers.push(() => stack.stop())
    const api = createApiClient(stack.apiUrl, stack.sandboxUrl)
    const accepted = [(await api.place()).id]
    const makeRoom = fill(disk ?? '')

    const place = (key: string) => api.post('/orders', orderBody(), { 'idempotency-key': key })
    let refused: Response | undefined
    for (let n = 0; n < ORDERS_MAX && refused === undefined; n += 1) {
      const answer = await place(`full-${n}`)
      if (answer.status === 202) accepted.push(((await answer.json()) as { id: string }).id)
      else refused = answer
    }
    expect([refused?.status, refused?.headers.get('retry-after')]).toEqual([503, expect.any(String)])

    makeRoom()
    accepted.push(
      await until('an order to be accepted again', async () => {
        const answer = await place('room')
        return answer.status === 202 ? ((await answer.json()) as { id: string }).id : undefined
      }),
    )
    for (const id of accepted) expect(await api.ended(id)).toMatchObject({ id, status: 'completed' })
    expect(await api.get('/operations/invariants')).toMatchObject({ ok: true })
  },
)

it.skipIf(disk === undefined)(`a start on a full disk ends with one line that says what to do${hint}`, () => {
  const folder = path.join(disk ?? '', 'other')
  const makeRoom = fill(disk ?? '')
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'stack/start.ts'], {
    cwd: ROOT,
    env: { ...process.env, DATA_DIR: folder },
    encoding: 'utf8',
  })
  makeRoom()
  expect([status, stdout]).toEqual([1, ''])
  expect(stderr.trim()).toMatch(/^The disk of \S+ is full .*: make room there, or set DATA_DIR .*$/)
})
