import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import { ROOT } from '../../root.ts'

/** A file of rules, as Prometheus reads it. */
export interface RuleFile {
  groups: { name: string; rules: Rule[] }[]
}

export interface AlertRule {
  alert: string
  expr: string
  for?: string
  labels: { severity: string; objective?: string }
  annotations: { summary: string; description: string; runbook_url: string }
}

export interface Recording {
  record: string
  expr: string
}

type Rule = AlertRule | Recording

/** A test of rules, as promtool reads it. */
export interface RuleTest {
  name: string
  promql_expr_test: { expr: string; exp_samples: unknown[] }[]
}

export const PROMETHEUS_FOLDER = path.join(ROOT, 'ops', 'prometheus')

/** The files of a folder below `ops/prometheus`, by name. */
function readAll<Content>(folder: string): Record<string, Content> {
  const files = readdirSync(path.join(PROMETHEUS_FOLDER, folder))
  return Object.fromEntries(
    files.map((file) => [
      file,
      parse(readFileSync(path.join(PROMETHEUS_FOLDER, folder, file), 'utf8')) as Content,
    ]),
  )
}

export const RULE_FILES = readAll<RuleFile>('rules')

export const RULES = Object.values(RULE_FILES).flatMap(({ groups }) => groups.flatMap(({ rules }) => rules))

export const ALERTS = RULES.filter((rule): rule is AlertRule => 'alert' in rule)

export const RULE_TESTS = Object.values(readAll<{ tests: RuleTest[] }>('tests')).flatMap(({ tests }) => tests)

const MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

const faster = (duration: string, factor: number) => {
  const [, count = '', unit = ''] = /^(\d+)([smhd])$/.exec(duration) ?? []
  const ms = Number(count) * (MS[unit] ?? Number.NaN)
  if (Number.isNaN(ms)) throw new Error(`${duration} is no duration`)
  return `${Math.ceil(ms / factor)}ms`
}

/** The same rules in a time that goes so many times as fast: their windows, and how long an alert is pending. */
export function accelerated(files: Readonly<Record<string, RuleFile>>, factor: number) {
  const rule = (each: Rule): Rule => {
    const expr = each.expr
      .replaceAll(/\[(\w+)\]/g, (_, window: string) => `[${faster(window, factor)}]`)
      .replaceAll(/\boffset (\w+)/g, (_, offset: string) => `offset ${faster(offset, factor)}`)
    return 'for' in each && each.for !== undefined
      ? { ...each, expr, for: faster(each.for, factor) }
      : { ...each, expr }
  }
  return Object.fromEntries(
    Object.entries(files).map(([name, { groups }]) => [
      name,
      { groups: groups.map((group) => ({ ...group, rules: group.rules.map(rule) })) },
    ]),
  )
}
