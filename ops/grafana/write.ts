import { writeFileSync } from 'node:fs'
import { toGrafana } from './dashboard.ts'
import { DASHBOARDS } from './dashboards.ts'

for (const dashboard of DASHBOARDS)
  writeFileSync(
    new URL(`dashboards/${dashboard.uid}.json`, import.meta.url),
    `${JSON.stringify(toGrafana(dashboard), undefined, 2)}\n`,
  )
