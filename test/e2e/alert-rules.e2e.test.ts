import { readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { PROMETHEUS_FOLDER } from '../harness/alert-rules.ts'
import { promtool } from '../harness/prometheus.ts'

const files = (folder: string) =>
  readdirSync(path.join(PROMETHEUS_FOLDER, folder)).map((file) => path.join(folder, file))

it.each(['npm-start.yml', 'compose.yml'])('promtool accepts %s and every rule', (config) => {
  const { status, output } = promtool(['check', 'config', config], PROMETHEUS_FOLDER)
  expect([status, output]).toEqual([0, expect.stringContaining(`${files('rules').length} rule files found`)])
})

it.each(files('tests'))('promtool finds the alerts to fire and to end as %s says', (file) => {
  const { status, output } = promtool(['test', 'rules', file], PROMETHEUS_FOLDER)
  expect([status, output]).toEqual([0, expect.stringContaining('SUCCESS')])
})
