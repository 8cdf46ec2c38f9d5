import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROLES } from '../../stack/passwords.ts'
import { isAlive } from '../../stack/pids.ts'
import { ROOT } from '../../root.ts'
import { freePort, requireFreePort } from '../../stack/ports.ts'
import type { ProcessState } from '../../supervision.ts'
import { createApiClient, type ApiClient } from '../harness/api-client.ts'
import { openTestPool } from '../harness/database.ts'
import { until } from '../harness/poll.ts'

/** What `npm start` runs, with ports and data of its own, as a user meets it. */
let folder: string
let start: ChildProcess
let api: ApiClient
let output = ''
const env: Record<string, string> = {}

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'ordersaga-start-'))
  for (const name of ['PORT', 'SANDBOX_PORT', 'POSTGRES_PORT', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT']) {
    env[name] = String(await freePort())
  }
  env['METRICS_PORT'] = String(await freePorts(5))
  env['DATA_DIR'] = folder
  // As in a shell behind a proxy, which is set for other programs.
  for (const name of ['http_proxy', 'https_proxy', 'HTTP_PROXY'])
    env[name] = `http://127.0.0.1:${await freePort()}`
  api = createApiClient(`http://127.0.0.1:${env['PORT']}`, `http://127.0.0.1:${env['SANDBOX_PORT']}`)
  start = launch()
  await up()
})

afterAll(async () => {
  start.kill('SIGKILL')
  await until('the system to stop', () => start.exitCode ?? start.signalCode ?? undefined)
  await rm(folder, { recursive: true, force: true })
})

/** The first of several free ports in a row. */
async function freePorts(count: number): Promise<number> {
  const first = await freePort()
  const all = Array.from({ length: count }, (_, offset) => requireFreePort(first + offset, 'METRICS_PORT'))
  return Promise.all(all).then(
    () => first,
    () => freePorts(count),
  )
}

function launch(): ChildProcess {
  output = ''
  const child = spawn(process.execPath, ['--import', 'tsx', 'stack/start.ts'], {
    cwd: ROOT,
    env: { ...process.env, ...env },
  })
  const keep = (chunk: Buffer) => {
    output += chunk.toString()
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  return child
}

async function up(): Promise<void> {
  await until('the system to be up', () => {
    if (start.exitCode !== null) throw new Error(output)
    return output.includes('OrderSaga is up.') ? true : undefined
  })
}

/** Processes of this system, by what their command line holds. */
async function processes(what: string): Promise<number[]> {
  const found: number[] = []
  for (const entry of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const [command, environment] = await Promise.all(
      ['cmdline', 'environ'].map((file) => readFile(`/proc/${entry}/${file}`, 'utf8').catch(() => '')),
    )
    const isOurs = environment?.includes(`DATA_DIR=${folder}`) === true
    if (isOurs && command?.replaceAll('\0', ' ').includes(what) === true) found.push(Number(entry))
  }
  return found
}

describe('npm start', () => {
  it('ends with the addresses and a curl to try, and that curl works', async () => {
    expect(output).toContain(`http://127.0.0.1:${env['PORT']}/docs`)
    expect(output).toContain(`http://127.0.0.1:${env['TEMPORAL_UI_PORT']}`)
    const curl = /curl -i [\s\S]*?\} \} \}'/.exec(output)?.[0] ?? ''
    const answer = await new Promise<string>((resolve, reject) => {
      const child = spawn('sh', ['-c', curl])
      let text = ''
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      child.on('error', reject)
      child.on('close', () => resolve(text))
    })
    expect(answer).toMatch(/^HTTP\/1\.1 202 Accepted/)
    const id = /location: \/orders\/(\S+)/i.exec(answer)?.[1] ?? ''
    expect(await api.ended(id)).toMatchObject({ status: 'completed', totalMinor: 1590 })
  })

  it('shows the Temporal UI at the address that an order names', async () => {
    const { workflow } = await api.run()
    const page = await fetch(workflow.url)
    expect([page.status, page.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/html'),
    ])
  })

  it('publishes the events of an order, and serves the metrics of every process on a port of its own', async () => {
    await api.run()
    const metrics = async (offset: number) =>
      fetch(`http://127.0.0.1:${Number(env['METRICS_PORT']) + offset}/metrics`).then(
        (answer) => answer.text(),
        // Not up yet, or just started again.
        () => '',
      )
    await until('the outbox to be empty', async () =>
      /^ordersaga_outbox_depth 0$/m.test(await metrics(3)) ? true : undefined,
    )
    for (const [offset, shown] of [
      [3, /^ordersaga_events_published_total [1-9]/m],
      [3, /^ordersaga_sagas_ended_total\{kind="order",outcome="completed",code=""\} [1-9]/m],
      [1, /ordersaga_provider_breaker_state/],
      [1, /^temporal_num_pollers/m],
      [2, /ordersaga_provider_breaker_state/],
      [4, /ordersaga_projection_lag_seconds/],
      [0, /process_cpu_seconds_total/],
    ] as const)
      await expect.poll(() => metrics(offset), { timeout: 80_000 }).toMatch(shown)
  })

  it('shows a customer the order that was just placed', async () => {
    const { id, customerId } = await api.place({ customerId: 'cus_reader' })
    const { data } = await api.get<{ data: { id: string }[] }>(
      `/customers/${customerId}/orders?minVersion=1&orderId=${id}`,
    )
    expect(data).toMatchObject([{ id }])
  })

  it('lists its processes over HTTP, and brings back those that are killed there', async () => {
    const list = async () => (await api.get<{ data: ProcessState[] }>('/development/processes')).data
    const before = await list()
    expect(before.map(({ name }) => name).toSorted()).toEqual([
      'PostgreSQL',
      'Temporal',
      'api',
      'choreography',
      'projector',
      'relay',
      'sandbox',
      'worker-1',
      'worker-2',
    ])
    for (const { name, pid, since } of before.filter((each) => /^(worker-1|Temporal|api)$/.test(each.name))) {
      expect(isAlive(pid ?? 0)).toBe(true)
      expect((await api.post(`/development/processes/${name}/kill`)).status).toBe(202)
      const back = await until(`${name} to be back`, async () => {
        // It may be the API.
        const now = (await list().catch(() => [])).find((each) => each.name === name)
        return now === undefined || now.pid === null || now.restarts === 0 ? undefined : now
      })
      expect(back).toMatchObject({ name, restarts: 1 })
      expect(back.pid).not.toBe(pid)
      expect(Date.parse(back.since)).toBeGreaterThan(Date.parse(since))
      expect(isAlive(pid ?? 0)).toBe(false)
    }
    expect((await api.post('/development/processes/nobody/kill')).status).toBe(404)
    expect(await api.run()).toMatchObject({ status: 'completed' })
  })

  it.each([
    'api/server',
    'workers/worker',
    'workers/relay',
    'workers/projector',
    'sandbox/server',
    'postgres -D',
    'server start-dev',
  ])('brings %s back when it is killed', async (what) => {
    const victim = await until(`${what} to run`, async () => (await processes(what))[0])
    process.kill(victim, 'SIGKILL')
    await until(`${what} to be back`, async () => {
      const now = await processes(what)
      return now.length > 0 && !now.includes(victim) ? true : undefined
    })
    await until('orders to be accepted', () =>
      fetch(`http://127.0.0.1:${env['PORT']}/readyz`).then(
        ({ ok }) => (ok ? true : undefined),
        () => undefined,
      ),
    )
    // A database that was just killed may still refuse one: the client comes back, as it is told.
    const { id } = await until('an order to be accepted', () => api.place().catch(() => undefined))
    expect(await api.ended(id)).toMatchObject({ status: 'completed' })
  })

  it('works on its database as a role that owns nothing, and shows no password in output or command lines', async () => {
    const adminUrl = (await readFile(path.join(folder, 'postgres', 'admin-url'), 'utf8')).trim()
    const pool = openTestPool(adminUrl, 1)
    const { rows } = await pool.query<{ roles: string[] }>(
      `SELECT array_agg(DISTINCT usename::text) AS roles FROM pg_stat_activity
        WHERE datname = 'ordersaga' AND application_name LIKE 'ordersaga%'`,
    )
    await pool.end()
    expect(rows[0]?.roles).toEqual([ROLES.application])
    const [worker] = await processes('workers/worker')
    const environment = await readFile(`/proc/${worker}/environ`, 'utf8')
    const applicationUrl = /DATABASE_URL=(\S+?)\0/.exec(environment)?.[1] ?? ''
    for (const url of [adminUrl, applicationUrl]) {
      const { password } = new URL(url)
      expect(password).not.toBe('')
      expect(output).not.toContain(password)
      expect(await processes(password)).toEqual([])
    }
    expect(environment).not.toContain(new URL(adminUrl).password)
  })

  it('refuses to run twice from one folder', async () => {
    const second = launch()
    await until('the second to give up', () => (second.exitCode === null ? undefined : true))
    expect(second.exitCode).toBe(1)
    expect(output).toMatch(/already runs from this folder|is taken/)
  })

  it('leaves nothing running after Ctrl-C, and finds its data again the next time', async () => {
    const { id } = await api.run()
    const before = await until('its workflow to have closed', async () => {
      const { events } = await api.history(id)
      return events.at(-1)?.eventType === 'EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED' ? events : undefined
    })
    const all = [...(await processes('')), ...(await processes('start-dev'))]
    expect(all.length).toBeGreaterThanOrEqual(8)
    start.kill('SIGINT')
    await until('the system to stop', () => (start.exitCode === null ? undefined : true))
    expect(start.exitCode).toBe(0)
    await until('every process to be gone', () => (all.some(isAlive) ? undefined : true), 30_000)
    start = launch()
    await up()
    expect(await api.order(id)).toMatchObject({ status: 'completed' })
    expect((await api.history(id)).events).toEqual(before)
  })

  it.each(['it is up', 'it starts'])(
    'leaves nothing running when its terminal is closed while %s',
    async () => {
      if (start.exitCode !== null) start = launch()
      await until('a server to run', async () => (await processes('server start-dev'))[0])
      start.stdout?.destroy()
      start.stderr?.destroy()
      start.kill('SIGHUP')
      await until('every process to be gone', async () =>
        (await processes('')).length === 0 ? true : undefined,
      )
      expect(start.exitCode).toBe(0)
    },
  )
})
