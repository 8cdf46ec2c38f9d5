import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { UsageError } from './failures.ts'
import { defaultKeyFile, readKey, readUrl } from './settings.ts'

const home = mkdtempSync(path.join(os.tmpdir(), 'ordersaga key '))
afterAll(() => rmSync(home, { recursive: true }))

const file = defaultKeyFile(home)
const keep = (text: string, mode = 0o600): void => {
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
  chmodSync(file, mode)
}
beforeEach(() => keep('os_file_secret\n'))

it('the variable comes before the file, and the named file before the default one', () => {
  expect(readKey({ ORDER_SAGA_KEY: 'os_env_secret' }, home)).toBe('os_env_secret')
  expect(readKey({ ORDER_SAGA_KEY: '' }, home)).toBe('os_file_secret')
  expect(readKey({ ORDER_SAGA_KEY_FILE: file }, '/nowhere')).toBe('os_file_secret')
  expect(readKey({}, '/nowhere')).toBeUndefined()
})

it('a named file that is not there is an error', () => {
  expect(() => readKey({ ORDER_SAGA_KEY_FILE: '/nowhere/key' }, home)).toThrow('/nowhere/key does not exist')
})

it.each([0o640, 0o604, 0o660, 0o644, 0o620])('a file of mode %o is refused, with what to do', (mode) => {
  keep('os_file_secret', mode)
  const wrong = `has mode ${mode.toString(8)}, so others can use its key: run chmod 600 '${file}'`
  expect(() => readKey({}, home)).toThrow(wrong)
  expect(() => readKey({}, home)).toThrow(UsageError)
})

it.each(['os_a\nos_b', 'os_ä', '', ' '])('what is no key is refused without being printed: %j', (text) => {
  keep(text)
  expect(() => readKey({}, home)).toThrow(`${file} holds no key: one line of visible ASCII is expected.`)
})

it('a URL is of a server, and loses the slash at its end', () => {
  expect(readUrl('https://shop.example/api/')).toBe('https://shop.example/api')
  for (const text of ['shop.example', 'ftp://shop.example', 'http://'])
    expect(() => readUrl(text)).toThrow('is no address')
})
