import process from 'node:process'
import type { Command } from 'commander'
import { isLoopback } from '../../loopback.ts'
import {
  judgeClock,
  judgeDependencies,
  judgeInvariants,
  judgeNode,
  judgeOverview,
  judgePrincipal,
  judgeTimeZone,
  ok,
  skipped,
  wrong,
  type Check,
} from '../checks.ts'
import { ApiProblem, createClient, given, type Client } from '../client.ts'
import { example, globalsOf, openOutput } from '../command.ts'
import { describeFailure, Failed } from '../failures.ts'
import { readKey } from '../settings.ts'
import { checkThisMachine } from '../this-machine.ts'

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('check this machine, the API and what stands behind it, and say what to do')
    .addHelpText('after', example('doctor', 'doctor --url https://orders.example'))
    .action(async (_options: unknown, command: Command) => {
      const out = openOutput(command)
      const { url } = globalsOf(command)
      const checks = [
        judgeNode(process.versions.node),
        judgeTimeZone(process.env['TZ'], Intl.DateTimeFormat().resolvedOptions().timeZone),
        ...(isLoopback(new URL(url).hostname) ? await checkThisMachine() : []),
        ...(await checkApi(url)),
      ]
      const failed = checks.filter(({ state }) => state === 'wrong').length
      out.answer({ ok: failed === 0, checks }, () =>
        out.table(
          ['check', 'result', 'detail'],
          checks.map(({ name, state, detail }) => [name, state, detail]),
        ),
      )
      if (failed > 0) throw new Failed(`${failed} of ${checks.length} checks are wrong.`)
    })
}

/** In this order: what does not answer keeps the rest from being asked. */
async function checkApi(url: string): Promise<Check[]> {
  const key = keyOf()
  if (typeof key === 'object') return [key]
  const client = createClient({ url, key })
  const [reached, clock] = await checkReached(client, url)
  if (clock === undefined) return [reached]
  return [
    reached,
    clock,
    ...(await ask(
      'postgresql',
      () => client.GET('/readyz'),
      () => [ok('postgresql', 'the API is ready')],
    )),
    ...checkTransport(url, key),
    ...(await ask(
      'key',
      () => client.GET('/me'),
      (principal) => [judgePrincipal(principal)],
    )),
    ...(await ask('providers', () => client.GET('/operations/dependencies'), judgeDependencies)),
    ...(await ask('overview', () => client.GET('/operations/overview'), judgeOverview)),
    ...(await ask(
      'invariants',
      () => client.GET('/operations/invariants'),
      (found) => [judgeInvariants(found)],
    )),
  ]
}

/** The key, or why it cannot be used. */
function keyOf(): string | undefined | Check {
  try {
    return readKey(process.env)
  } catch (error) {
    return wrong('key', describeFailure(error))
  }
}

/** A Date header is cut to whole seconds: on average it is half a second behind. */
const HEADER_MS = 500

/** @returns no second check where the API does not answer. */
async function checkReached(client: Client, url: string): Promise<[Check, Check?]> {
  const { judge } = await import('../../clock-skew.ts')
  try {
    // The first call opens the connection.
    await client.GET('/livez')
    const before = Date.now()
    const { response } = await client.GET('/livez')
    const after = Date.now()
    const shown = Date.parse(response.headers.get('date') ?? '') + HEADER_MS
    const skewMs = shown - (before + after) / 2
    const verdict = Number.isNaN(skewMs)
      ? 'unknown'
      : judge({ skewMs, uncertaintyMs: HEADER_MS + (after - before) / 2 })
    return [ok('api', `${url} answers`), judgeClock(verdict, skewMs)]
  } catch (error) {
    return [wrong('api', describeFailure(error))]
  }
}

function checkTransport(url: string, key: string | undefined): Check[] {
  const { protocol, hostname } = new URL(url)
  if (key === undefined || protocol === 'https:' || isLoopback(hostname)) return []
  return [wrong('transport', 'The key is sent in clear text: use an https:// address.')]
}

/** What a role may not ask is skipped: it is no fault of the system. */
async function ask<Data>(
  name: string,
  request: () => Promise<{ data?: Data | undefined }>,
  judge: (data: Data) => Check[],
): Promise<Check[]> {
  try {
    return judge(given(await request()))
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 403)
      return [skipped(name, 'Your roles do not allow it.')]
    if (error instanceof ApiProblem && error.status === 401 && name !== 'key')
      return [skipped(name, 'It needs a key.')]
    return [wrong(name, describeFailure(error).replaceAll('\n', ' '))]
  }
}
