import { mkdtemp, readdir, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { installSchemathesis } from './schemathesis.ts'

it.each([
  ['there is none', '/nowhere/python3'],
  ['it has no venv, or is too old', 'false'],
])('fails with what to install when Python cannot be used: %s', async (_why, python) => {
  const cache = await mkdtemp(path.join(os.tmpdir(), 'ordersaga-cache-'))
  const installing = installSchemathesis(() => undefined, { python, cache })
  await expect(installing).rejects.toThrow(
    'Install them (Debian and Ubuntu: apt-get install python3 python3-venv)',
  )
  expect(await readdir(cache)).toEqual([])
  await rm(cache, { recursive: true })
})
