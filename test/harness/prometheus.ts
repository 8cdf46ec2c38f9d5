import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { stringify } from 'yaml'
import { guard } from '../../stack/guard.ts'
import { freePort } from '../../stack/ports.ts'
import type { RuleFile } from './alert-rules.ts'
import { until } from './poll.ts'

/** A target that is scraped, and the process that it is. */
export interface Target {
  process: string
  port: number
}

export interface Sample {
  metric: Readonly<Record<string, string>>
  value: number
}

export interface Alert {
  labels: Readonly<Record<string, string>>
  annotations: Readonly<Record<string, string>>
  state: 'pending' | 'firing'
}

/** A Prometheus of a test's own. */
export interface Prometheus {
  /** What an expression is now. @throws Error where Prometheus cannot read it. */
  query(expression: string): Promise<Sample[]>
  /** The alerts of one name that fire. */
  firing(name: string): Promise<Alert[]>
  stop(): Promise<void>
}

const PROGRAMS = { prometheus: 'PROMETHEUS_PATH', promtool: 'PROMTOOL_PATH' } as const

/** @throws Error that says how to get one. */
export function findProgram(name: keyof typeof PROGRAMS): string {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter)
  const found =
    process.env[PROGRAMS[name]] ?? folders.map((folder) => path.join(folder, name)).find(isExecutable)
  if (found !== undefined) return found
  throw new Error(
    `The tests of the alerts need ${name}: install it (on Debian \`apt-get install prometheus\`), or set ${PROGRAMS[name]}.`,
  )
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** What promtool says, in a folder. */
export function promtool(args: readonly string[], cwd: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(findProgram('promtool'), args, { cwd, encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

/** Scrapes and evaluates each second, on a free port. Its data goes when it stops. */
export async function startPrometheus(
  targets: readonly Target[],
  rules: Readonly<Record<string, RuleFile>>,
): Promise<Prometheus> {
  const program = findProgram('prometheus')
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ordersaga-prometheus-'))
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: Object.keys(rules),
    scrape_configs: [
      {
        job_name: 'ordersaga',
        static_configs: targets.map(({ process: name, port }) => ({
          targets: [`127.0.0.1:${port}`],
          labels: { process: name },
        })),
      },
    ],
  }
  for (const [file, content] of Object.entries({ ...rules, 'prometheus.yml': config }))
    await writeFile(path.join(folder, file), stringify(content))
  const url = `http://127.0.0.1:${await freePort()}`
  const child = spawn(
    program,
    [
      `--config.file=${path.join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      `--web.listen-address=${new URL(url).host}`,
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  )
  guard(child, 'SIGKILL')
  let printed = ''
  child.stderr.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
  })
  await until('Prometheus to be ready', async () => {
    if (child.exitCode !== null) throw new Error(`Prometheus ended: ${printed}`)
    return (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true ? true : undefined
  })
  const ask = async <Data>(what: string): Promise<Data> => {
    const answer = (await (await fetch(`${url}/api/v1/${what}`)).json()) as { data?: Data; error?: string }
    if (answer.data === undefined) throw new Error(`${decodeURIComponent(what)}: ${answer.error}`)
    return answer.data
  }
  return {
    async query(expression) {
      type Result = { result: { metric: Sample['metric']; value: [number, string] }[] }
      const { result } = await ask<Result>(`query?query=${encodeURIComponent(expression)}`)
      return result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }))
    },
    async firing(name) {
      const { alerts } = await ask<{ alerts: Alert[] }>('alerts')
      return alerts.filter(({ labels, state }) => labels['alertname'] === name && state === 'firing')
    },
    async stop() {
      if (child.exitCode === null) {
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}
