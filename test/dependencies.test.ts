import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from '../root.ts'

const read = (name: string) => readFileSync(path.join(ROOT, name), 'utf8')
const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
  'dependencies' | 'devDependencies',
  Record<string, string>
>

const licenceOf = (name: string) =>
  (JSON.parse(read(`node_modules/${name}/package.json`)) as { license: string }).license

/** A row of a table that begins with a package: its cells. */
const ROW = /^\| `([^`]+)` +\| ([^|]+?) +\| ([^|]+?) +\| ([^|]+?) +\|$/gm

it('docs/dependencies.md has a line for each package of package.json, and no other, with the licence that the package itself names', () => {
  const rows = [...read('docs/dependencies.md').matchAll(ROW)].map(([, name = '', licence]) => [
    name,
    licence,
  ])
  const packages = [...Object.keys(dependencies), ...Object.keys(devDependencies)]
  expect(Object.fromEntries(rows)).toEqual(
    Object.fromEntries(packages.map((name) => [name, licenceOf(name)])),
  )
  expect(rows).toHaveLength(packages.length)
})
