import type { Schemas } from './client.ts'

/** What `doctor` finds: pure judgements, each with what to do where something is wrong. */
export interface Check {
  name: string
  state: 'ok' | 'wrong' | 'skipped'
  detail: string
}

export const ok = (name: string, detail: string): Check => ({ name, state: 'ok', detail })
export const wrong = (name: string, detail: string): Check => ({ name, state: 'wrong', detail })
export const skipped = (name: string, detail: string): Check => ({ name, state: 'skipped', detail })

/** As `engines` in package.json. */
export function judgeNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isFine = major >= 24 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)
  if (isFine) return ok('node', version)
  return wrong('node', `This is ${version}: install Node 24, e.g. with nvm install.`)
}

/** A zone that Node does not know is read as UTC, and every time that is printed would be another. */
export function judgeTimeZone(wanted: string | undefined, zone: string): Check {
  if (zone === 'Etc/Unknown' || (wanted !== undefined && wanted !== '' && !isKnown(wanted.replace(/^:/, ''))))
    return wrong('time zone', `TZ=${wanted} is no zone: unset TZ, or set e.g. TZ=Europe/Amsterdam.`)
  return ok('time zone', `${zone}; all times of OrderSaga are UTC`)
}

function isKnown(zone: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** @param verdict of `judge` in clock-skew.ts. */
export function judgeClock(verdict: 'together' | 'apart' | 'unknown', skewMs: number): Check {
  const seconds = `${(skewMs / 1000).toFixed(1)} s`
  if (verdict === 'together') return ok('clock', `${seconds} from the API's, which shows whole seconds`)
  if (verdict === 'unknown') return skipped('clock', 'The API answers too slowly to compare: run it again.')
  return wrong('clock', `The API's clock differs by ${seconds}: set both by NTP (docs/runbook/clocks.md).`)
}

export function judgePrincipal({ subject, roles, isOpen }: Schemas['Principal']): Check {
  return ok(
    'key',
    isOpen ? 'none is needed: every local caller has every role' : `${subject}: ${roles.join(', ')}`,
  )
}

export function judgeDependencies({ data }: Schemas['Dependencies']): Check[] {
  return data.map(({ provider, breaker, waiting }) => {
    const name = `provider ${provider}`
    if (breaker === 'closed' || breaker === 'half-open')
      return ok(name, `breaker ${breaker}, ${waiting} wait`)
    if (breaker === 'unknown')
      return skipped(name, 'No worker has reported it lately: it is known after a call.')
    return wrong(name, `Its breaker is open and ${waiting} wait: see docs/runbook/providers.md.`)
  })
}

/** As the alarms of docs/runbook.md. */
const START_MAX_MS = 10_000
const OUTBOX_MAX_MS = 30_000

/** Processes of which one leads at any time. */
const LEADERS = ['relay', 'projector'] as const

type Overview = Pick<Schemas['OperationsOverview'], 'asOf' | 'starts' | 'outbox' | 'orphans' | 'processes'>

/** What stands behind the API, by what it leaves undone. */
export function judgeOverview({ asOf, starts, outbox, orphans, processes }: Overview): Check[] {
  const ageMs = (since: string | null): number => (since === null ? 0 : Date.parse(asOf) - Date.parse(since))
  const leads = (role: (typeof LEADERS)[number]): boolean =>
    processes.some(({ leaderOf }) => leaderOf.includes(role))
  const temporal =
    ageMs(starts.oldestAt) > START_MAX_MS
      ? wrong('temporal', `${starts.backlog} orders are not started: see docs/runbook/temporal.md.`)
      : ok('temporal', `${starts.backlog} orders wait for their start`)
  const broker =
    ageMs(outbox.oldestAt) > OUTBOX_MAX_MS
      ? wrong('broker', `${outbox.unpublished} events are not published: see docs/runbook/events.md.`)
      : ok('broker', `${outbox.unpublished} events wait to be published`)
  const missing = LEADERS.filter((role) => !leads(role))
  return [
    temporal,
    orphans.count === 0
      ? ok('workflows', 'none is gone')
      : wrong('workflows', `${orphans.count} are gone: see docs/runbook/temporal.md.`),
    broker,
    missing.length === 0
      ? ok('event processes', 'relay and projector lead')
      : wrong(
          'event processes',
          `No ${missing.join(' and no ')} leads: start one (docs/runbook/processes.md).`,
        ),
  ]
}

export function judgeInvariants({ ok: isOk, checks }: Schemas['Invariants']): Check {
  if (isOk) return ok('invariants', `${checks.length} hold`)
  const names = checks.filter((check) => !check.ok).map(({ name }) => name)
  return wrong('invariants', `Not true: ${names.join(', ')}. See docs/runbook/invariants.md.`)
}

/** What the processes of `npm start` open at once, with connections to spare. */
const FILES_MIN = 1024

export function judgeFiles(limit: number | 'unlimited'): Check {
  if (limit === 'unlimited' || limit >= FILES_MIN) return ok('open files', `${limit} at once`)
  return wrong('open files', `Only ${limit} at once: run ulimit -n 4096 before npm start.`)
}

/** @param isOurs whether `npm start` runs from this folder. */
export function judgePort(
  variable: string,
  port: number,
  { isFree, isOurs }: Record<'isFree' | 'isOurs', boolean>,
): Check {
  const name = `port ${port}`
  if (isFree) return ok(name, `free for ${variable}`)
  if (isOurs) return ok(name, `${variable} of the running npm start`)
  return wrong(name, `Another program has it: set ${variable} to a free one before npm start.`)
}
