import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../root.ts'

/** Folders of the product; what only tests, measures or starts it may know everything. */
const FOLDERS = [
  'workflows',
  'activities',
  'domain',
  'events',
  'read-models',
  'choreography',
  'dispatch',
  'api',
  'prisma',
]
const ROOT_FILES = [
  'root.ts',
  'faults.ts',
  'locks.ts',
  'api-key.ts',
  'loopback.ts',
  'postgres.ts',
  'providers.ts',
  'logger.ts',
  'metrics.ts',
  'lifecycle.ts',
  'clock-skew.ts',
  'disk.ts',
]
const LAYERS = [...FOLDERS, ...ROOT_FILES]

const IMPORT = /(?:from|import) '(\.[^']+)'/g

/** The folder of a file as the layers see it: the first folder below the root, or the file itself at the root. */
const layerOf = (file: string) => path.relative(ROOT, file).split(path.sep)[0] ?? ''

function sources(folder: string): string[] {
  if (folder.endsWith('.ts')) return [folder]
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !file.includes(`${path.sep}generated${path.sep}`))
}

/** Which layers each layer imports, types included: with a file that does so. */
function importsOf(layers: readonly string[]): Map<string, Map<string, string>> {
  const known = new Map(layers.map((layer) => [layer, new Map<string, string>()]))
  for (const layer of layers) {
    for (const file of sources(path.join(ROOT, layer))) {
      for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
        const target = layerOf(path.resolve(path.dirname(file), specifier))
        if (target !== layer && known.has(target)) known.get(layer)?.set(target, path.relative(ROOT, file))
      }
    }
  }
  return known
}

/** The first circle that is found, as the files that close it. */
function findCircle(graph: ReadonlyMap<string, ReadonlyMap<string, string>>): string[] | undefined {
  const done = new Set<string>()
  const visit = (layer: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(layer)) {
      const circle = [...trail.slice(trail.indexOf(layer)), layer]
      return circle.slice(1).map((to, at) => `${circle[at]} → ${to}: ${graph.get(circle[at] ?? '')?.get(to)}`)
    }
    if (done.has(layer)) return undefined
    done.add(layer)
    for (const next of graph.get(layer)?.keys() ?? []) {
      const circle = visit(next, [...trail, layer])
      if (circle !== undefined) return circle
    }
    return undefined
  }
  for (const layer of graph.keys()) {
    const circle = visit(layer, [])
    if (circle !== undefined) return circle
  }
  return undefined
}

describe('the layers', () => {
  it('import each other in one direction', () => {
    const graph = importsOf(LAYERS)
    expect(graph.get('domain')?.keys()).toContain('events')
    expect(findCircle(graph)).toBeUndefined()
  })

  it('would be seen to form a circle', () => {
    const graph = new Map([
      ['a', new Map([['b', 'a/x.ts']])],
      ['b', new Map([['c', 'b/y.ts']])],
      ['c', new Map([['b', 'c/z.ts']])],
    ])
    expect(findCircle(graph)).toEqual(['b → c: b/y.ts', 'c → b: c/z.ts'])
  })
})
