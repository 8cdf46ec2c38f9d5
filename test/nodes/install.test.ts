import { mkdtemp, readdir, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { installNodes } from './install.ts'

let cache: string
beforeEach(async () => {
  cache = await mkdtemp(path.join(os.tmpdir(), 'ordersaga-cache-'))
})
afterEach(() => rm(cache, { recursive: true }))

const quiet = () => undefined

describe('a Node that the matrix needs and that cannot be had', () => {
  it('ends the run, and keeps nothing, when the registry gives none', async () => {
    const options = ['--offline', `--cache=${path.join(cache, 'npm')}`]
    const installing = installNodes(quiet, { cache, platform: 'linux-x64', options })
    await expect(installing).rejects.toThrow(/npm did not install Node 20\.[\s\S]*run this again/)
    expect(await readdir(cache)).toEqual(['npm'])
  })

  it('ends the run on a platform without pinned packages', async () => {
    const installing = installNodes(quiet, { cache, platform: 'sunos-x64', options: [] })
    await expect(installing).rejects.toThrow('test/nodes has no Node 20 for sunos-x64: run this on Linux')
    expect(await readdir(cache)).toEqual([])
  })
})
