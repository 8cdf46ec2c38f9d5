import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import { describe, expect, it } from 'vitest'
import { DECIDED_WITHIN_SECONDS } from '../domain/operations/objective.ts'
import { PARTICIPANTS } from '../domain/participants.ts'
import { allSteps } from '../domain/saga/step.ts'
import { toGrafana, withoutVariables } from '../ops/grafana/dashboard.ts'
import { DASHBOARDS } from '../ops/grafana/dashboards.ts'
import { ROOT } from '../root.ts'
import { ALERTS, PROMETHEUS_FOLDER, RULE_TESTS, RULES } from './harness/alert-rules.ts'
import { DASHBOARD_QUERIES, groupingsIn, readMetricTable, selectorsIn } from './harness/queries.ts'
import { createRegistries } from './harness/registries.ts'

const read = (name: string) => readFileSync(path.join(ROOT, name), 'utf8')

const REGISTRIES = await createRegistries()

interface Known {
  type: string
  labels: readonly string[]
  processes: string[]
}

/** Every metric of the processes, by name. */
const KNOWN = new Map<string, Known>()
for (const [name, registry] of Object.entries(REGISTRIES)) {
  for (const metric of registry.getMetricsAsArray()) {
    const { labelNames } = metric as unknown as { labelNames: readonly string[] }
    const { processes } = KNOWN.get(metric.name) ?? { processes: [] }
    KNOWN.set(metric.name, {
      type: String(metric.type),
      labels: labelNames,
      processes: [...processes, name].toSorted(),
    })
  }
}

const isOurs = (name: string) => name.startsWith('ordersaga_')

/** A metric by the name of one of its series: a histogram has three. */
function knownBy(series: string): Known | undefined {
  const whole = KNOWN.get(series)
  if (whole !== undefined) return whole
  const of = KNOWN.get(series.replace(/_(bucket|sum|count)$/, ''))
  return of?.type === 'histogram' ? { ...of, labels: [...of.labels, 'le'] } : undefined
}

const RECORDED = new Set(RULES.flatMap((rule) => ('record' in rule ? [rule.record] : [])))

/** What Prometheus adds to each series. */
const TARGET_LABELS = ['job', 'instance', 'process', 'alertname', 'alertstate', 'severity']

/** What is wrong with the names of an expression. */
function faultsOf(expression: string): string[] {
  const selectors = selectorsIn(expression)
  const unknown = selectors.flatMap(({ metric }) =>
    metric.includes(':') ? (RECORDED.has(metric) ? [] : [metric]) : knownBy(metric) ? [] : [metric],
  )
  const wrong = selectors.flatMap(({ metric, labels }) =>
    labels
      .filter((label) => ![...(knownBy(metric)?.labels ?? []), ...TARGET_LABELS].includes(label))
      .map((label) => `${metric} has no label ${label}`),
  )
  const there = selectors.flatMap(({ metric }) => knownBy(metric)?.labels ?? [])
  const groupings = groupingsIn(expression).filter((label) => ![...there, ...TARGET_LABELS].includes(label))
  return [...unknown, ...wrong, ...groupings.map((label) => `nothing has the label ${label}`)]
}

describe('the metrics that are named', () => {
  it('by a rule exist, with their labels', () => {
    const faults = RULES.flatMap((rule) =>
      faultsOf(rule.expr).map((fault) => `${'alert' in rule ? rule.alert : rule.record}: ${fault}`),
    )
    expect(faults).toEqual([])
  })

  it('by a dashboard exist, with their labels', () => {
    const faults = DASHBOARD_QUERIES.flatMap(({ place, expression }) =>
      faultsOf(withoutVariables(expression)).map((fault) => `${place}: ${fault}`),
    )
    expect(faults).toEqual([])
    expect(DASHBOARD_QUERIES.length).toBeGreaterThan(50)
  })

  it('wrongly are found: a metric, a series, a label, a grouping', () => {
    expect(
      [
        'ordersaga_none > 0',
        'ordersaga:none:ratio5m > 0',
        'ordersaga_outbox_depth_bucket',
        'ordersaga_outbox_depth{none="x"}',
        'sum by (none) (ordersaga_outbox_depth)',
      ].map((expression) => faultsOf(expression).length),
    ).toEqual([1, 1, 1, 1, 1])
  })

  it('by the table of the runbook are those of the processes, with their labels and processes', () => {
    const table = readMetricTable()
    const shown = [...KNOWN].filter(([name]) => isOurs(name))
    const rows = shown.map(([name, { labels, processes }]) => [
      name,
      {
        labels: [...labels].toSorted(),
        processes: processes.length === Object.keys(REGISTRIES).length ? ['each'] : processes,
      },
    ])
    const byName = ([a]: unknown[], [b]: unknown[]) => String(a).localeCompare(String(b))
    expect([...table].toSorted(byName)).toEqual(rows.toSorted(byName))
  })

  it('in the sources are those of the processes', () => {
    const folders = ['api', 'dispatch', 'domain', 'events', 'read-models', 'choreography', 'workers', '.']
    const sources = folders.flatMap((folder) =>
      readdirSync(path.join(ROOT, folder), { withFileTypes: true, recursive: folder !== '.' })
        .filter((entry) => entry.isFile() && /(?<!\.test)\.ts$/.test(entry.name))
        .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'utf8')),
    )
    const named = sources.flatMap((text) => text.match(/(?<=')ordersaga_[a-z_]+(?=')/g) ?? [])
    const isRole = (name: string) => /^ordersaga_(app|migrator|session)$/.test(name)
    expect([...new Set(named)].filter((name) => !KNOWN.has(name) && !isRole(name))).toEqual([])
    expect(named.length).toBeGreaterThan(30)
  })
})

describe('an alert', () => {
  it.each(ALERTS.map((rule) => [rule.alert, rule] as const))(
    '%s says what to do: its section begins with what customers notice, and says when it is over',
    (_name, { annotations }) => {
      const [file = '', anchor] = annotations.runbook_url.split('#')
      const section = sectionOf(read(file), anchor)
      expect(section).toMatch(/^\*\*Customers notice\*\* /)
      expect(section).toMatch(/^\*\*(Look at|Look)/m)
      expect(section).toMatch(/^\*\*Do\b/m)
      expect(section).toMatch(/^\*\*Over when\*\*/m)
      expect(section).toMatch(/npx order-saga|\/console/)
    },
  )

  it.each(ALERTS.map(({ alert }) => alert))('%s is seen to fire and not to fire by promtool', (name) => {
    const asked = RULE_TESTS.filter((test) => test.name === name).flatMap((test) => test.promql_expr_test)
    for (const { expr } of asked) expect(expr).toContain(`alertname="${name}"`)
    expect(asked.some(({ exp_samples: samples }) => samples.length > 0)).toBe(true)
    expect(asked.filter(({ exp_samples: samples }) => samples.length === 0).length).toBeGreaterThan(1)
  })

  it.each(ALERTS.filter(({ labels }) => labels.severity === 'warning').map(({ alert }) => alert))(
    '%s is driven on a real system',
    (name) => {
      expect(read('test/e2e/alerts.e2e.test.ts')).toMatch(new RegExp(`drive\\([^]*?\\b${name}: \\{`))
    },
  )

  it('is in the index of the runbook, with its section', () => {
    const index = read('docs/runbook/alerts.md')
    for (const { alert, annotations } of ALERTS) {
      const target = path.posix.relative('docs/runbook', annotations.runbook_url)
      const link = target.startsWith('alerts.md') ? target.replace('alerts.md', '') : target
      expect(index).toMatch(new RegExp(`\`${alert}\`[^\\n]*\\(${link.replaceAll('.', '\\.')}\\)`))
    }
  })
})

/** The text below a heading with this anchor, up to the next one of any level; the whole page without its title. */
function sectionOf(page: string, anchor: string | undefined): string {
  const parts = page.split(/^#+ /m).slice(1)
  const slug = (heading: string) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
  const found = parts.find((part, index) =>
    anchor === undefined ? index === 0 : slug(part.split('\n')[0] ?? '') === anchor,
  )
  return (found ?? '').split('\n').slice(1).join('\n').trim()
}

describe('the rules', () => {
  it('count an order as late when the histogram and the count of the undecided do', () => {
    for (const rule of RULES.filter(({ expr }) => expr.includes('ordersaga_saga_seconds_bucket')))
      expect(rule.expr).toContain(`le=~"${DECIDED_WITHIN_SECONDS}|${DECIDED_WITHIN_SECONDS}.0"`)
    const late = REGISTRIES['API']?.getSingleMetric('ordersaga_orders_late') as { help?: string } | undefined
    expect(late?.help).toContain(`more than ${DECIDED_WITHIN_SECONDS} seconds ago`)
  })

  it('know every step in which money is', () => {
    const moving = allSteps(PARTICIPANTS)
      .filter(({ name, provider }) => provider === 'payment' || name in PARTICIPANTS.account)
      .map(({ name }) => name)
    const { expr = '' } = ALERTS.find(({ alert }) => alert === 'MoneyParked') ?? {}
    expect(/step=~"([^"]+)"/.exec(expr)?.[1]?.split('|').toSorted()).toEqual(moving.toSorted())
    const others = ALERTS.find(({ alert }) => alert === 'StepParked')?.expr ?? ''
    expect(/step!~"([^"]+)"/.exec(others)?.[1]?.split('|').toSorted()).toEqual(['', ...moving].toSorted())
  })
})

describe('the targets of Prometheus', () => {
  interface Config {
    scrape_configs: { static_configs: { targets: string[]; labels: { process: string } }[] }[]
  }
  const targetsIn = (file: string) => {
    const config = parse(readFileSync(path.join(PROMETHEUS_FOLDER, file), 'utf8')) as Config
    return config.scrape_configs.flatMap((job) =>
      job.static_configs.flatMap(({ targets, labels }) => targets.map((target) => [labels.process, target])),
    )
  }

  it('of npm start are on the ports that it gives its processes', () => {
    const [, names = ''] = /^const MEASURED = \[(.*)\]$/m.exec(read('stack/stack.ts')) ?? []
    expect(names).toBe("'api', ...workerNames(), 'relay', 'projector', 'choreography'")
    expect(targetsIn('npm-start.yml')).toEqual(
      ['api', 'worker', 'worker', 'relay', 'projector', 'choreography'].map((name, index) => [
        name,
        `127.0.0.1:${9464 + index}`,
      ]),
    )
  })

  it('of Compose are the services that run our processes', () => {
    const { services } = parse(read('docker-compose.yml'), { merge: true }) as {
      services: Record<string, { command?: string[]; environment?: Record<string, string> }>
    }
    const ours = Object.entries(services).flatMap(([name, { command = [], environment = {} }]) => {
      const entry = command.find((word) => /^(api|workers)\//.test(word))
      if (entry === undefined || environment['EVENT_TRANSPORT'] === undefined) return []
      return [[entry === 'api/server.ts' ? 'api' : path.basename(entry, '.ts'), `${name}:9464`]]
    })
    expect(targetsIn('compose.yml')).toEqual(ours)
  })
})

describe('the dashboards of Grafana', () => {
  it('are as ops/grafana/write.ts writes them', () => {
    const folder = 'ops/grafana/dashboards'
    const written = Object.fromEntries(
      readdirSync(path.join(ROOT, folder)).map((name) => [
        name,
        JSON.parse(read(`${folder}/${name}`)) as object,
      ]),
    )
    const meant = DASHBOARDS.map((dashboard) => [
      `${dashboard.uid}.json`,
      JSON.parse(JSON.stringify(toGrafana(dashboard))) as object,
    ])
    expect(written).toEqual(Object.fromEntries(meant))
  })

  it('lead to pages and headings that exist', () => {
    const links = DASHBOARDS.flatMap(({ panels }) => panels.flatMap(({ docs = [] }) => docs))
    const broken = links.filter((link) => {
      const [file = '', anchor] = link.split('#')
      return sectionOf(read(file), anchor) === ''
    })
    expect(broken).toEqual([])
    expect(links.length).toBeGreaterThan(20)
  })

  it('are five, with panels that have names of their own', () => {
    for (const { panels } of DASHBOARDS)
      expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length)
    expect(DASHBOARDS).toHaveLength(5)
  })
})
