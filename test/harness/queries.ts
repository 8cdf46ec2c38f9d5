import { readFileSync } from 'node:fs'
import path from 'node:path'
import { DASHBOARDS } from '../../ops/grafana/dashboards.ts'
import { ROOT } from '../../root.ts'

/** What every dashboard asks, with where it asks it. */
export const DASHBOARD_QUERIES = DASHBOARDS.flatMap(({ title, panels }) =>
  panels.flatMap((panel) =>
    panel.queries.map(([, expression]) => ({ place: `${title}, ${panel.title}`, expression })),
  ),
)

/** The metrics that an expression names, with the labels by which it selects them. */
export function selectorsIn(expression: string): { metric: string; labels: string[] }[] {
  const found = expression.matchAll(/\b((?:ordersaga|process|nodejs)[_:][\w:]+)(?:\{([^}]*)\})?/g)
  return [...found].map(([, metric = '', matchers = '']) => ({
    metric,
    labels: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
  }))
}

/** The labels by which an expression groups. */
export const groupingsIn = (expression: string): string[] =>
  [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(/\s*,\s*/))

export interface MetricRow {
  labels: string[]
  processes: string[]
}

/** The table of the runbook, by the name of the metric. */
export function readMetricTable(): Map<string, MetricRow> {
  const page = readFileSync(path.join(ROOT, 'docs', 'runbook', 'metrics.md'), 'utf8')
  const quoted = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
  return new Map(
    page.split('\n').flatMap((line) => {
      const [, names = '', labels = '', processes = '', meaning] = line.split('|').map((cell) => cell.trim())
      if (meaning === undefined) return []
      const row = { labels: quoted(labels).toSorted(), processes: processes.split(', ').toSorted() }
      return quoted(names).flatMap((name) =>
        name.startsWith('ordersaga_') ? [[name, row] satisfies [string, MetricRow]] : [],
      )
    }),
  )
}
