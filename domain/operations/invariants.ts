import { toEvent, type StoredEvent } from '../../events/store/event.ts'
import { OUTBOX_KEPT_MINUTES } from '../../events/outbox/outbox.ts'
import type { Database } from '../../prisma/client.ts'
import { holes, whereaboutsOfEvents } from './consumption.ts'
import { isNewerEvent } from '../../faults.ts'
import type { PerProvider } from '../../providers.ts'
import { PARTICIPANTS } from '../participants.ts'
import { partsOfKey, sagaStream, type SagaKind } from '../saga/ids.ts'
import { allSteps, type Invariant, type LedgerEntry } from '../saga/step.ts'
import { DONE_BY, UNDONE_BY } from '../order/events.ts'
import { evolve, NOTHING, type OrderState, type StepFold } from '../order/evolve.ts'

export interface Check {
  name: string
  ok: boolean
  detail: string
  /** What it has to read could not be read: it is not known whether it holds. */
  isUnread?: true
}

/** What the providers say that they did: their lists, by the name of the collection. Keys name the order. */
export type ProviderLedgers = PerProvider<Readonly<Record<string, readonly LedgerEntry[]>>>

export interface InvariantOptions {
  /** Of its own, with statements of `INVARIANTS_MAX_MS`: a run takes a connection for as long as it lasts. */
  db: Database
  /** Reads the providers' ledgers. @throws when they cannot be read: the checks that need them then fail. */
  readLedgers: () => Promise<ProviderLedgers>
  /** The definitions of sagas that have a step: an order is held to the steps of its own. */
  definitionsOf: (step: string) => readonly string[]
}

/** Orders whose events are folded and held against the row: the newest ones. */
const FOLDED_MAX = 5000

/** So many at a time: the process that folds them takes orders in meanwhile. */
const FOLDED_AT_ONCE = 250

/** How many offenders are named. */
const NAMED_MAX = 5

/** How long a run may take, and so each of its statements. */
export const INVARIANTS_MAX_MS = 60_000

type Row = { offender: string }
type Transaction = Pick<Database, '$queryRaw' | '$queryRawUnsafe' | 'saga' | 'event'>

const STEPS = allSteps(PARTICIPANTS)

/**
 * What must be true at any moment, whatever has happened. Orders on their way and parked ones violate nothing, and what
 * an operator has skipped counts as written off.
 */
export function createInvariants({ db, readLedgers, definitionsOf }: InvariantOptions) {
  return {
    async check(): Promise<{ ok: boolean; checks: Check[] }> {
      const { checks, ended } = await db.$transaction(
        (transaction) => checkDatabase(transaction, definitionsOf),
        {
          isolationLevel: 'RepeatableRead',
          timeout: INVARIANTS_MAX_MS,
        },
      )
      // Read after the tables: what a saga that has ended did at its providers is there by then.
      const all = [...checks, ...(await checkLedgers(readLedgers, ended, definitionsOf))]
      return { ok: all.every(({ ok }) => ok), checks: all }
    },
  }
}

/** An order that has ended, or a return that has. */
interface EndedSaga {
  kind: SagaKind
  id: string
  definition: string
  isCompleted: boolean
  /** What was charged, or given back. */
  amountMinor: number
  currency: string
  /** Steps whose compensation was given up. */
  skipped: string[]
}

async function checkDatabase(
  db: Transaction,
  definitionsOf: InvariantOptions['definitionsOf'],
): Promise<{ checks: Check[]; ended: EndedSaga[] }> {
  const checks = [...(await offendersByName(db, definitionsOf))].map(([name, rows]) => verdict(name, rows))
  checks.push(
    verdict('versions', await versions(db)),
    await status(db),
    verdict('order-of-events', await orderOfEvents(db)),
    verdict('dead-letters', await holes(db), await whereaboutsOfEvents(db)),
    verdict('orphans', await orphans(db)),
    verdict('reconciliation', await openDifferences(db)),
  )
  const rows = await db.$queryRaw<(Omit<EndedSaga, 'amountMinor'> & { amountMinor: bigint })[]>`
    SELECT split_part(s.definition, '@', 1) AS kind, s.id, s.definition, s.status = 'completed' AS "isCompleted",
           e.amount_minor AS "amountMinor", e.currency, coalesce(f.skipped, '{}') AS skipped
      FROM (SELECT id, total_minor AS amount_minor, currency, true AS is_settled FROM orders
            UNION ALL SELECT id, amount_minor, currency, status = 'refunded' OR EXISTS (
                SELECT FROM step_fences f WHERE f.saga_id = returns.id AND f.step = 'refundReturn' AND f.state = 'skipped')
              FROM returns) e
      JOIN sagas s ON s.id = e.id
      LEFT JOIN (SELECT saga_id, array_agg(step) AS skipped FROM step_fences WHERE state = 'skipped' GROUP BY saga_id) f
        ON f.saga_id = s.id
     WHERE s.status IN ('rejected', 'cancelled') OR (s.status = 'completed' AND e.is_settled)`
  return { checks, ended: rows.map((row) => Object.assign(row, { amountMinor: Number(row.amountMinor) })) }
}

function verdict(name: string, rows: readonly Row[], holds = 'holds'): Check {
  if (rows.length === 0) return { name, ok: true, detail: holds }
  return { name, ok: false, detail: `${rows.length} violations: ${someOf(rows)}` }
}

const someOf = (rows: readonly Row[]): string => {
  const named = rows.slice(0, NAMED_MAX).map(({ offender }) => offender)
  return `${named.join(', ')}${rows.length > NAMED_MAX ? ', …' : ''}`
}

/** What violates the invariants of the steps and of the record of sagas itself; those of one name are one. */
async function offendersByName(
  db: Transaction,
  definitionsOf: InvariantOptions['definitionsOf'],
): Promise<Map<string, Row[]>> {
  const byName = new Map<string, Row[]>()
  const all = STEPS.flatMap((step) => step.invariants.map((invariant) => ({ ...invariant, step: step.name })))
  for (const { name, violations, step } of [...all, { ...NOTHING_OWED, step: '' }]) {
    const rows = await db.$queryRawUnsafe<Row[]>(
      `WITH its_sagas AS (SELECT id, status FROM sagas WHERE definition = ANY ($1::text[]))
       SELECT offender FROM (${violations}) AS found`,
      definitionsOf(step),
    )
    byName.set(name, [...(byName.get(name) ?? []), ...rows])
  }
  return byName
}

const NOTHING_OWED: Invariant = {
  name: 'fences',
  violations: `
    SELECT f.saga_id || ' ' || f.step AS offender FROM step_fences f JOIN sagas s ON s.id = f.saga_id
     WHERE s.status IN ('rejected', 'cancelled') AND f.state IN ('intended', 'done', 'undoing')`,
}

/**
 * A stream has no gaps, and its head is what its saga, or its own row, says. Its events have their outbox rows, but for
 * the oldest ones when they were published long ago: what is left is the end of the stream, published from the front.
 * The clock is read after the snapshot is taken, so whatever was pruned in it is older than that.
 */
const versions = (db: Transaction) => db.$queryRaw<Row[]>`
  SELECT stream_id AS offender FROM (
      SELECT split_part(definition, '@', 1) || '-' || id AS stream_id, version FROM sagas
      UNION ALL SELECT id, version FROM streams
    ) s FULL JOIN (
      SELECT e.stream_id, count(*) AS events, max(e.version) AS head, count(o.id) AS rows, min(o.version) AS first_row,
             count(*) FILTER (WHERE o.id IS NULL AND e.recorded_at >
               clock_timestamp() - make_interval(mins => ${OUTBOX_KEPT_MINUTES}::integer)) AS missing,
             max(o.version) FILTER (WHERE o.published_at IS NOT NULL) AS last_published,
             min(o.version) FILTER (WHERE o.published_at IS NULL) AS next_to_publish
        FROM events e LEFT JOIN outbox o USING (stream_id, version) GROUP BY e.stream_id
    ) e USING (stream_id)
   WHERE e.head IS DISTINCT FROM s.version OR e.events <> e.head
      OR e.missing > 0 OR e.rows <> e.head - e.first_row + 1 OR e.last_published > e.next_to_publish`

/** A workflow that is not started, or was found to be gone, is missing for this long at most. */
const ORPHAN_MAX_MINUTES = 5

/**
 * Every saga with work left has a workflow, or a participant that does what is due. One that was parked as an orphan is in
 * sight, and waits for an operator.
 */
const orphans = (db: Transaction) => db.$queryRaw<Row[]>`
  SELECT saga_id AS offender FROM saga_starts
   WHERE created_at < clock_timestamp() - make_interval(mins => ${ORPHAN_MAX_MINUTES}::integer)
  UNION SELECT w.saga_id FROM saga_watches w JOIN sagas s ON s.id = w.saga_id AND s.version = w.version
   WHERE w.orphan_since < clock_timestamp() - make_interval(mins => ${ORPHAN_MAX_MINUTES}::integer)
  UNION SELECT saga_id FROM reactions
   WHERE greatest(due_at, claimed_until) < clock_timestamp() - make_interval(mins => ${ORPHAN_MAX_MINUTES}::integer)
  UNION SELECT id FROM sagas
   WHERE coordination = 'choreography' AND status NOT IN ('completed', 'rejected', 'cancelled')
     AND updated_at < clock_timestamp() - make_interval(mins => ${ORPHAN_MAX_MINUTES}::integer)
     AND reaction_is_missing(id, reason_code IS NOT NULL)`

/** What two runs of reconciliation have seen, and no person has dealt with. Before any run there is none. */
const openDifferences = (db: Transaction) => db.$queryRaw<Row[]>`
  SELECT concat_ws(' ', provider, class, key) AS offender FROM reconciliation_differences
   WHERE state = 'open' ORDER BY first_seen, id`

/**
 * The fold of an order's events is what its row says. One with events that this process cannot fold is not passed over.
 */
async function status(db: Transaction): Promise<Check> {
  const newer: Row[] = []
  const wrong: Row[] = []
  let before: string | undefined
  for (let folded = 0; folded < FOLDED_MAX; folded += FOLDED_AT_ONCE) {
    const sagas = await db.saga.findMany({
      where: { order: { isNot: null }, ...(before === undefined ? {} : { id: { lt: before } }) },
      orderBy: { id: 'desc' },
      take: FOLDED_AT_ONCE,
      include: { fences: { select: { step: true, state: true, answer: true } } },
    })
    const states = await foldAll(
      db,
      sagas.map(({ id }) => id),
    )
    for (const saga of sagas) {
      const state = states.get(sagaStream('order', saga.id)) ?? NOTHING
      if (state === 'newer') newer.push({ offender: saga.id })
      else if (!isAsFolded(saga, state)) wrong.push({ offender: saga.id })
    }
    before = sagas.at(-1)?.id
    if (sagas.length < FOLDED_AT_ONCE) break
  }
  const judged = verdict('status', wrong)
  if (newer.length === 0) return judged
  const detail = `${newer.length} with events newer than this process: ${someOf(newer)}; the others: ${judged.detail}`
  return { name: 'status', ok: false, detail }
}

/** What the events of some orders come to, by stream. */
async function foldAll(
  db: Transaction,
  orderIds: readonly string[],
): Promise<Map<string, OrderState | 'newer'>> {
  const events = await db.event.findMany({
    where: { streamId: { in: orderIds.map((id) => sagaStream('order', id)) } },
    orderBy: [{ streamId: 'asc' }, { version: 'asc' }],
  })
  const folded = new Map<string, OrderState | 'newer'>()
  for (const event of events) folded.set(event.streamId, foldOn(folded.get(event.streamId) ?? NOTHING, event))
  return folded
}

function foldOn(state: OrderState | 'newer', event: StoredEvent): OrderState | 'newer' {
  if (state === 'newer') return state
  try {
    return evolve(state, toEvent(event))
  } catch (error) {
    if (isNewerEvent(error)) return 'newer'
    throw error
  }
}

interface JudgedSaga {
  status: string
  reasonCode: string | null
  reasonStep: string | null
  fences: readonly Parameters<typeof asFold>[0][]
}

const isAsFolded = (saga: JudgedSaga, state: OrderState): boolean =>
  state.status === saga.status &&
  (state.reason?.code ?? null) === saga.reasonCode &&
  (state.reason?.step ?? null) === saga.reasonStep &&
  settledSteps(state.steps) === settledSteps(saga.fences.map(asFold))

type Settled = Pick<StepFold, 'step' | 'wasDone'> & { state: string }

const asFold = ({ step, state, answer }: { step: string; state: string; answer: unknown }): Settled => ({
  step,
  state,
  wasDone: answer !== null && state !== 'refused',
})

/** The steps that have come to something, with what that is. That an undo has begun is in no event. */
const settledSteps = (steps: readonly Settled[]): string =>
  steps
    .map(({ step, state, wasDone }) => `${step} ${state === 'undoing' && wasDone ? 'done' : state}`)
    .filter((settled) => / (done|undone|skipped)$/.test(settled))
    .sort()
    .join()

/** Once something of an order was undone, nothing of it was done any more. */
const orderOfEvents = (db: Transaction) => db.$queryRaw<Row[]>`
  SELECT stream_id AS offender FROM events GROUP BY stream_id
  HAVING max(version) FILTER (WHERE type = ANY(${[...DONE_BY.keys()]}::text[]))
       > min(version) FILTER (WHERE type = ANY(${[...UNDONE_BY.keys()]}::text[]))`

/** At its provider, a step of a completed saga has one effect; one that was turned back has none, unless skipped. */
async function checkLedgers(
  read: InvariantOptions['readLedgers'],
  ended: readonly EndedSaga[],
  definitionsOf: InvariantOptions['definitionsOf'],
): Promise<Check[]> {
  const ledgers = await read().catch(() => undefined)
  return STEPS.flatMap(({ name: step, provider, ledger }) => {
    if (provider === undefined || ledger === undefined) return []
    const { check, saga: kind, collection, live, isRight = () => true } = ledger
    const entries = ledgers?.[provider][collection]
    if (entries === undefined)
      return [{ name: check, ok: false, detail: 'the provider’s ledger could not be read', isUnread: true }]
    const definitions = definitionsOf(step)
    const others = STEPS.filter((one) => one.provider === provider && one.ledger?.collection === collection)
      .map(({ name }) => name)
      .filter((name) => name !== step)
    const standing = liveBySaga(kind, entries, live, others)
    const isWrong = (saga: EndedSaga) => {
      const [first, ...more] = standing.get(saga.id) ?? []
      if (!saga.isCompleted) return first !== undefined && !saga.skipped.includes(step)
      // Written off, and had its effect all the same: it may be made good twice.
      if (saga.skipped.includes(step)) return first !== undefined
      // A completed saga of a definition that this process does not know is another process's to judge.
      if (!definitions.includes(saga.definition)) return false
      return first === undefined || more.length > 0 || !isRight(first, saga)
    }
    return [
      verdict(
        check,
        ended
          .filter((saga) => saga.kind === kind && isWrong(saga))
          .map(({ id }) => ({ offender: `${kind}-${id}` })),
      ),
    ]
  })
}

/**
 * Whatever names the saga, but for what other steps have in the same list: an effect under a wrong key counts, too.
 */
function liveBySaga(
  kind: SagaKind,
  entries: readonly LedgerEntry[],
  live: string | undefined,
  others: readonly string[],
): Map<string, LedgerEntry[]> {
  const bySaga = new Map<string, LedgerEntry[]>()
  for (const entry of entries) {
    const of = partsOfKey(kind, entry.key)
    const isLive = live === undefined || entry.state === live
    if (isLive && of !== undefined && !others.includes(of.activity))
      bySaga.set(of.sagaId, [...(bySaga.get(of.sagaId) ?? []), entry])
  }
  return bySaga
}
