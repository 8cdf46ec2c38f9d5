import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Registry } from 'prom-client'
import { afterAll, expect, it } from 'vitest'
import { createDiskMetrics, type ReadFileSystem } from './disk.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'ordersaga-disk-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function shown(of: string, read?: ReadFileSystem): Promise<{ free: number; size: number }> {
  const registry = new Registry()
  createDiskMetrics(registry, of, read)
  const text = await registry.metrics()
  const value = (name: string) =>
    Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1]?.replace('Nan', 'NaN'))
  return { free: value('ordersaga_disk_free_bytes'), size: value('ordersaga_disk_size_bytes') }
}

it('the size of the disk is that of the nearest folder that exists', async () => {
  const { blocks, bsize } = statfsSync(folder)
  for (const each of [folder, path.join(folder, 'not', 'made yet')]) {
    const { free, size } = await shown(each)
    expect(size).toBe(blocks * bsize)
    expect(free).toBeGreaterThan(0)
    expect(free).toBeLessThanOrEqual(size)
  }
})

it('free is what is available to this user, in bytes', async () => {
  expect(await shown(folder, async () => ({ bavail: 3, blocks: 10, bsize: 4096 }))).toEqual({
    free: 12_288,
    size: 40_960,
  })
})

it.each<[string, ReadFileSystem]>([
  ['cannot be read', () => Promise.reject(new Error('EACCES'))],
  ['does not know its size', async () => ({ bavail: 0, blocks: 0, bsize: 4096 })],
])('a disk that %s is not shown as full', async (_how, read) => {
  expect(await shown(folder, read)).toEqual({ free: Number.NaN, size: Number.NaN })
})
