import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { installFromArchive, installWithGo, PLATFORM, sha256Of } from './locate.ts'

let site: string
let cache: string
let closers: (() => unknown)[]
const said: string[] = []
const log = (line: string) => void said.push(line)

beforeEach(() => {
  site = mkdtempSync(path.join(os.tmpdir(), 'ordersaga-site-'))
  cache = mkdtempSync(path.join(os.tmpdir(), 'ordersaga-cache-'))
  said.length = 0
  closers = [site, cache].map((folder) => () => rmSync(folder, { recursive: true }))
})
afterEach(() => {
  for (const close of closers) close()
})

/** Serves an archive with a program. */
async function serve(): Promise<{ url: string; content: Buffer; asked: () => number }> {
  writeFileSync(path.join(site, 'program'), '#!/bin/sh\nexit 0\n', { mode: 0o755 })
  const file = path.join(site, 'archive.tar.gz')
  spawnSync('tar', ['-czf', file, '-C', site, 'program'])
  const content = readFileSync(file)
  let asked = 0
  const server = createServer((_request, response) => {
    asked += 1
    response.end(content)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, content, asked: () => asked }
}

const install = (url: string, sha256: string | undefined) =>
  installFromArchive(
    { url, sha256, member: 'program', works: () => true, title: 'the program' },
    path.join(cache, 'program'),
    log,
  )

describe('a program that is downloaded', () => {
  it('is installed when it has the sum of its release', async () => {
    const { url, content } = await serve()
    expect(await install(url, sha256Of(content))).toBe(path.join(cache, 'program'))
    expect(readdirSync(cache)).toEqual(['program'])
  })

  it('is refused with one line, and not kept, when it was changed', async () => {
    const { url, content } = await serve()
    const released = sha256Of(Buffer.from('what the release holds'))
    const refusal = `the program from ${url} is refused and deleted: its sum is ${sha256Of(content)}, and that of the release ${released}`
    await expect(install(url, released)).rejects.toThrow(refusal)
    expect(said).toEqual(['downloading the program …', refusal])
    expect(readdirSync(cache)).toEqual([])
  })

  it('is not even asked for where no sum of it is known', async () => {
    const { url, asked } = await serve()
    await expect(install(url, undefined)).rejects.toThrow(
      `no SHA-256 of the program is known for ${PLATFORM}, so it is not downloaded`,
    )
    expect(asked()).toBe(0)
  })
})

describe('a program that is built with Go', () => {
  /** A Go that builds from a module with this sum. */
  function fakeGo(sum: string): void {
    const script = `#!/bin/sh
case "$1" in
  install) echo built >"$GOBIN/program" ;;
  version) printf '%s: go1.26\\n\\tpath\\texample.org/program\\n\\tmod\\texample.org/program\\tv1.0.0\\t${sum}\\n' "$3" ;;
esac
`
    writeFileSync(path.join(site, 'go'), script, { mode: 0o755 })
    const before = process.env['PATH']
    process.env['PATH'] = `${site}${path.delimiter}${before}`
    closers.push(() => {
      process.env['PATH'] = before
    })
  }
  const build = () =>
    installWithGo(
      { module: 'example.org/program@v1.0.0', sum: 'h1:released=', command: 'program', title: 'building' },
      path.join(cache, 'program'),
      log,
    )

  it('is installed when its module has the sum of its release', async () => {
    fakeGo('h1:released=')
    expect(await build()).toBe(path.join(cache, 'program'))
  })

  it('is refused, and not kept, when Go was given another module under its name', async () => {
    fakeGo('h1:changed=')
    await expect(build()).rejects.toThrow('is refused and deleted: its sum is h1:changed=')
    expect(readdirSync(cache)).toEqual([])
  })
})
