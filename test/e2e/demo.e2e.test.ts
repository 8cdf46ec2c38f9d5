import { spawn } from 'node:child_process'
import { expect, it } from 'vitest'
import { ROOT } from '../../root.ts'

it('the guided tour ends by itself, having shown that nothing was lost or doubled', async () => {
  const { code, output } = await new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'stack/demo.ts'], { cwd: ROOT })
    let text = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
    child.on('error', reject)
    child.on('close', (exitCode) => resolve({ code: exitCode, output: text }))
  })
  expect(output).toContain('nothing was lost, nothing was doubled')
  expect(output).not.toContain('BROKEN')
  expect(code).toBe(0)
}, 240_000)
