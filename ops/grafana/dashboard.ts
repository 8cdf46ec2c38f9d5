/** A dashboard as we write it. */
export interface Dashboard {
  /** Stays the same: links lead to it. */
  uid: string
  title: string
  panels: readonly Panel[]
}

export interface Panel {
  title: string
  what: string
  /** The page of the runbook, from the root of the repository. */
  docs?: string
  kind?: 'timeseries' | 'stat' | 'table'
  /** As Grafana names it; a plain number unless said otherwise. */
  unit?: string
  /** The legend and the expression of each. */
  queries: readonly (readonly [legend: string, expression: string])[]
}

const DATASOURCE = { type: 'prometheus', uid: 'prometheus' }

/** Grafana's grid has 24 columns. */
const COLUMNS = 3
const [WIDTH, HEIGHT] = [24 / COLUMNS, 8]

/** The rate interval of Grafana, as a plain window of four scrapes, for those who are not Grafana. */
export const withoutVariables = (expression: string): string =>
  expression.replaceAll('$__rate_interval', '1m')

/** What Grafana reads. A docs link is text: where the documentation is served is not known here. */
export const toGrafana = ({ uid, title, panels }: Dashboard): object => ({
  uid,
  title,
  tags: ['ordersaga'],
  schemaVersion: 39,
  timezone: 'browser',
  refresh: '15s',
  time: { from: 'now-1h', to: 'now' },
  links: [{ type: 'dashboards', tags: ['ordersaga'], title: 'OrderSaga', asDropdown: true, keepTime: true }],
  panels: panels.map((panel, index) => ({
    id: index + 1,
    type: panel.kind ?? 'timeseries',
    title: panel.title,
    description: panel.docs === undefined ? panel.what : `${panel.what}\n\nRunbook: \`${panel.docs}\``,
    ...(panel.docs === undefined
      ? {}
      : { links: [{ title: 'Runbook', url: linkTo(panel.docs), targetBlank: true }] }),
    datasource: DATASOURCE,
    gridPos: {
      x: (index % COLUMNS) * WIDTH,
      y: Math.floor(index / COLUMNS) * HEIGHT,
      w: WIDTH,
      h: HEIGHT,
    },
    fieldConfig: { defaults: { unit: panel.unit ?? 'short' }, overrides: [] },
    targets: panel.queries.map(([legendFormat, expr], at) => ({
      refId: 'ABCDEFGHIJ'[at],
      datasource: DATASOURCE,
      expr,
      legendFormat,
      ...(panel.kind === 'table' ? { instant: true, format: 'table' } : {}),
    })),
  })),
  templating: {
    list: [{ type: 'constant', name: 'docs', label: 'Where the documentation is', query: '', hide: 2 }],
  },
})

const linkTo = (docs: string) => `\${docs}/${docs}`
