import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { isAlive, keepPid } from './pids.ts'

it('a server whose process id cannot be noted is stopped, so that the next one finds its port free', async () => {
  const server = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'])
  await once(server, 'spawn')
  const pid = server.pid ?? 0
  await expect(keepPid('/nowhere/server.pid', pid)).rejects.toThrow('ENOENT')
  expect(isAlive(pid)).toBe(false)
})
