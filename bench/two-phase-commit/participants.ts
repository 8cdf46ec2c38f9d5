import type pg from 'pg'
import { openSession } from '../../postgres.ts'

/**
 * Four databases with one participant each. `work` and `undo` are the domain's statements, the same for both protocols;
 * a protocol differs only in the transaction that it puts around them.
 */
export const PARTICIPANTS = ['inventory', 'payment', 'shipping', 'loyalty'] as const
export type Participant = (typeof PARTICIPANTS)[number]

/** SKUs of the uniform load. The hot one is the first, and the only one of the hot load. */
export const SKUS = 200
export const skuAt = (index: number): string => `SKU-${index % SKUS}`
export const HOT_SKU = skuAt(0)

/** The carrier serves every country but this one: a refusal by a business rule. */
export const UNSERVED = 'XX'

export interface Order {
  id: string
  sku: string
  country: string
}

/** Large enough that no row runs out. */
const STOCK = 1_000_000_000

const TABLES: Record<Participant, string> = {
  inventory: `
    CREATE TABLE stock (
      sku text PRIMARY KEY,
      available bigint NOT NULL CHECK (available >= 0),
      reserved bigint NOT NULL CHECK (reserved >= 0)
    ) WITH (fillfactor = 50);
    INSERT INTO stock SELECT 'SKU-' || n, ${STOCK}, 0 FROM generate_series(0, ${SKUS - 1}) n;`,
  payment: `CREATE TABLE charges (order_id text PRIMARY KEY, amount_minor bigint NOT NULL, is_refunded boolean NOT NULL);`,
  shipping: `CREATE TABLE shipments (order_id text PRIMARY KEY, country text NOT NULL, is_cancelled boolean NOT NULL);`,
  loyalty: `CREATE TABLE points (order_id text, points bigint NOT NULL, PRIMARY KEY (order_id, points));`,
}

/** Each is the body of a function of an order and one detail of it, and says whether it applied. */
const WORK: Record<Participant, string> = {
  inventory: `UPDATE stock SET available = available - 1, reserved = reserved + 1
    WHERE sku = detail AND available > 0;`,
  payment: `INSERT INTO charges VALUES (id, detail::bigint, false);`,
  shipping: `INSERT INTO shipments SELECT id, detail, false WHERE detail <> '${UNSERVED}';`,
  loyalty: `INSERT INTO points VALUES (id, detail::bigint);`,
}

const UNDO: Record<Participant, string> = {
  inventory: `UPDATE stock SET available = available + 1, reserved = reserved - 1 WHERE sku = detail;`,
  payment: `UPDATE charges SET is_refunded = true WHERE order_id = id;`,
  shipping: `UPDATE shipments SET is_cancelled = true WHERE order_id = id;`,
  loyalty: `INSERT INTO points VALUES (id, -detail::bigint);`,
}

/**
 * `step` and `compensate` are what a saga needs besides: a fence for each step, in the transaction of its work, so that
 * a repeated attempt finds the answer of the first. A compensation that comes first leaves a fence too, and the late
 * attempt does nothing.
 */
const functionsOf = (participant: Participant) => `
  CREATE FUNCTION work(id text, detail text, slow_ms int) RETURNS boolean LANGUAGE plpgsql AS $$
  BEGIN
    ${WORK[participant]}
    IF slow_ms > 0 THEN
      PERFORM pg_sleep(slow_ms / 1000.0);
      RETURN true;
    END IF;
    RETURN FOUND;
  END $$;

  CREATE FUNCTION undo(id text, detail text) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    ${UNDO[participant]}
  END $$;

  CREATE TABLE fences (
    order_id text PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('done', 'refused', 'compensated'))
  );

  CREATE FUNCTION step(id text, detail text, slow_ms int) RETURNS text LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO fences VALUES (id, 'done') ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      RETURN (SELECT state FROM fences WHERE order_id = id);
    END IF;
    IF work(id, detail, slow_ms) THEN
      RETURN 'done';
    END IF;
    UPDATE fences SET state = 'refused' WHERE order_id = id;
    RETURN 'refused';
  END $$;

  CREATE FUNCTION compensate(id text, detail text) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO fences VALUES (id, 'compensated') ON CONFLICT DO NOTHING;
    IF FOUND THEN
      RETURN;
    END IF;
    UPDATE fences SET state = 'compensated' WHERE order_id = id AND state = 'done';
    IF FOUND THEN
      PERFORM undo(id, detail);
    END IF;
  END $$;`

/** What each participant is given of an order. */
export const detailOf = (participant: Participant, { sku, country }: Order): string => {
  switch (participant) {
    case 'inventory':
      return sku
    case 'payment':
      return '1999'
    case 'shipping':
      return country
    case 'loyalty':
      return '19'
  }
}

export type PerParticipant<T> = Record<Participant, T>

export async function perParticipant<T>(
  make: (participant: Participant) => Promise<T> | T,
): Promise<PerParticipant<T>> {
  const made = await Promise.all(PARTICIPANTS.map(async (name) => [name, await make(name)] as const))
  return Object.fromEntries(made) as PerParticipant<T>
}

/** A statement waits for a lock as long as a long queue for one row takes. */
const STATEMENT_TIMEOUT_MS = 60_000

/** One connection. Whatever leaves work on it in a fault loses it, and what is not prepared is rolled back. */
export async function openConnection(url: string, name: string): Promise<pg.Client> {
  const client = openSession(url, {
    name,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    connectTimeoutMs: 30_000,
  })
  // The statement that runs fails by itself; an idle connection that is lost fails its next statement.
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** Creates the four databases with their tables. @returns their URLs. */
export async function createParticipants(adminUrl: string): Promise<PerParticipant<string>> {
  const admin = await openConnection(adminUrl, 'set up')
  for (const participant of PARTICIPANTS) await admin.query(`CREATE DATABASE ${participant}`)
  await admin.end()
  return perParticipant(async (participant) => {
    const url = new URL(adminUrl)
    url.pathname = `/${participant}`
    const client = await openConnection(url.href, 'set up')
    await client.query(TABLES[participant] + functionsOf(participant))
    await client.end()
    return url.href
  })
}

const EFFECTS: Record<Participant, string> = {
  inventory: 'SELECT sum(reserved)::bigint AS effects FROM stock',
  payment: 'SELECT count(*) AS effects FROM charges WHERE NOT is_refunded',
  shipping: 'SELECT count(*) AS effects FROM shipments WHERE NOT is_cancelled',
  loyalty:
    'SELECT count(*) AS effects FROM (SELECT FROM points GROUP BY order_id HAVING sum(points) > 0) AS awarded',
}

/** How many orders have taken effect at each participant. When no order is open, the four are equal. */
export const effectsOf = (sessions: PerParticipant<pg.Client>): Promise<PerParticipant<number>> =>
  perParticipant(async (participant) => {
    const { rows } = await sessions[participant].query<{ effects: number }>(EFFECTS[participant])
    return rows[0]?.effects ?? 0
  })
