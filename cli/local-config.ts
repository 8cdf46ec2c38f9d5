import path from 'node:path'
import { readConfig, type Config } from '../config.ts'
import { ROOT } from '../root.ts'

/** The settings as `npm start` reads them, which runs in this checkout: a command may run in any folder. */
export function readLocalConfig(): Config {
  const config = readConfig()
  return { ...config, DATA_DIR: path.resolve(ROOT, config.DATA_DIR) }
}
