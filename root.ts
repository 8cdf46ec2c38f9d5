import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** The checkout: the nearest folder above this code that holds package.json, wherever the code was compiled to. */
export const ROOT = nearest(import.meta.dirname)

/** Of package.json. */
export const readVersion = (): string =>
  (JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string }).version

function nearest(folder: string): string {
  if (existsSync(path.join(folder, 'package.json'))) return folder
  const above = path.dirname(folder)
  if (above === folder) throw new Error(`No folder above ${import.meta.dirname} holds package.json.`)
  return nearest(above)
}
