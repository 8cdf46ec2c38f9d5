import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import type pg from 'pg'
import copy from 'pg-copy-streams'
import { damaged, type TableEntry } from './manifest.ts'
import type { Table } from './tables.ts'

/** `COPY` writes one line for each row, and escapes the line feeds in it. */
const LINE_FEED = 0x0a

/** Writes the rows of a table to a file, as PostgreSQL's `COPY` has them, compressed. */
export async function dumpTable(
  client: pg.Client,
  table: Table,
  file: string,
  signal: AbortSignal,
): Promise<TableEntry> {
  const hash = createHash('sha256')
  let rows = 0
  await pipeline(
    // A query also reads a table with partitions, which COPY alone does not.
    client.query(
      copy.to(`COPY (SELECT ${columnsOf(client, table)} FROM ${nameOf(client, table)}) TO STDOUT`),
    ),
    async function* countRows(chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, at + 1)) rows += 1
        yield chunk
      }
    },
    createGzip(),
    async function* addToHash(chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk)
        yield chunk
      }
    },
    createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true }),
    { signal },
  )
  return { ...table, rows, sha256: hash.digest('hex') }
}

/** @throws Error when the file is not as it was written. */
export async function requireIntact(
  file: string,
  { sha256 }: TableEntry,
  signal: AbortSignal,
): Promise<void> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash, { signal }).catch((cause: unknown) => {
    signal.throwIfAborted()
    throw new Error(`${file} cannot be read, so the backup is not whole. Nothing was restored.`, { cause })
  })
  if (hash.digest('hex') !== sha256) throw damaged(file)
}

/** @throws Error when other than all rows arrive. */
export async function loadTable(
  client: pg.Client,
  table: TableEntry,
  file: string,
  signal: AbortSignal,
): Promise<void> {
  const into = client.query(
    copy.from(`COPY ${nameOf(client, table)} (${columnsOf(client, table)}) FROM STDIN`),
  )
  await pipeline(createReadStream(file), createGunzip(), into, { signal })
  if (into.rowCount !== table.rows)
    throw new Error(`${table.name} has ${into.rowCount} rows instead of ${table.rows}. Nothing was restored.`)
}

const nameOf = (client: pg.Client, { name }: Table) => client.escapeIdentifier(name)

const columnsOf = (client: pg.Client, { columns }: Table) =>
  columns.map((column) => client.escapeIdentifier(column)).join(', ')
