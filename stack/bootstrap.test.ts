import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../root.ts'

const read = (name: string) => readFileSync(path.join(ROOT, name), 'utf8')

/** As a Node of that version would run it. */
function bootstrapOn(version: string) {
  const disguise = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`
  const args = ['--import', `data:text/javascript,${encodeURIComponent(disguise)}`, 'stack/bootstrap.mjs']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })
  return { status, printed: stdout + stderr }
}

describe('the version of Node', () => {
  it.each(['18.20.8', '20.18.3', '21.7.3', '22.11.0', '23.11.1'])(
    '%s is not taken: a start ends with one line that says what to do',
    (old) => {
      expect(bootstrapOn(old)).toEqual({
        status: 1,
        printed: `OrderSaga needs Node 20.19, 22.12, 24 or newer, and this is ${old}: install Node 24 (e.g. \`nvm install\`) and try again.\n`,
      })
    },
  )

  it.each(['20.19.0', '22.12.0', '24.0.0', '26.1.0'])('%s is taken', (version) => {
    expect(bootstrapOn(version)).toEqual({ status: 0, printed: '' })
  })

  it('is the same wherever one is named', () => {
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } }
    expect(engines.node).toBe('^20.19 || ^22.12 || >=24')
    const recommended = read('.nvmrc').trim()
    const { packages } = JSON.parse(read('test/nodes/package-lock.json')) as {
      packages: Record<string, { version: string }>
    }
    const [oldest, newest] = [
      packages['node_modules/node-20-linux-x64'],
      packages['node_modules/node-24-linux-x64'],
    ]
    expect(oldest?.version).toBe('20.19.0')
    expect(newest?.version.split('.')[0]).toBe(recommended)
    expect(read('Dockerfile')).toContain(`FROM node:${newest?.version}-`)
    expect(read('stack/bootstrap.mjs')).toContain(`install Node ${recommended} `)
    expect(read('README.md')).toContain(`Node ${recommended}`)
  })
})
