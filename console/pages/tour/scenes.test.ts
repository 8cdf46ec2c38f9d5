import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../../../root.ts'
import { excerptOf } from './excerpt.ts'
import { SCENES } from './scenes.ts'
import { SOURCES } from './sources.ts'

describe('a scene of the tour', () => {
  it.each(SCENES)('$title shows code that is there, and names a page that is there', ({ code, rule }) => {
    expect(Object.keys(SOURCES)).toContain(code.file)
    const source = readFileSync(path.join(ROOT, code.file), 'utf8')
    expect(excerptOf(source, code.name)).toContain(code.name)
    expect(existsSync(path.join(ROOT, rule.page))).toBe(true)
  })

  it.each(SCENES)('$title says in two sentences what would go wrong without it', ({ without }) => {
    expect(without.match(/[.?!](?=\s|$)/g)).toHaveLength(2)
  })
})

describe('an excerpt', () => {
  const source = [
    'const a = 1',
    '',
    '/** Why. */',
    'export const b = {',
    '  c: 2,',
    '}',
    '',
    'const d = 3',
  ].join('\n')

  it('is a declaration with its comment, to the end of its block', () => {
    expect(excerptOf(source, 'export const b')).toBe('/** Why. */\nexport const b = {\n  c: 2,\n}')
  })

  it('is refused when the declaration is not there', () => {
    expect(() => excerptOf(source, 'export const e')).toThrow('There is no line with export const e')
  })
})
