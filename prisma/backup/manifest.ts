import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { checksumOf } from '../routines.ts'

/** Raise it with every change that an older restore would misread. */
const FORMAT = 1

const FILE = 'manifest.json'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
/** A name becomes part of a path. */
const name = z.string().regex(/^\w+$/)
const count = z.number().int().nonnegative()

const table = z.strictObject({
  name,
  columns: z.array(z.string().min(1)).min(1),
  rows: count,
  /** Of its file, as it lies there. */
  sha256,
})

const sequence = z.strictObject({ name, value: count, isCalled: z.boolean() })

const contents = z.strictObject({
  /** Of package.json. */
  version: z.string(),
  /** The moment that the backup shows, by the clock of the database. */
  takenAt: z.iso.datetime(),
  release: count,
  migrations: z.array(z.strictObject({ name: z.string(), checksum: sha256 })).min(1),
  tables: z.array(table).min(1),
  sequences: z.array(sequence),
})

const manifest = z.object({ format: z.number().int(), sha256, contents: z.unknown() })

export type Manifest = z.infer<typeof contents>
export type TableEntry = z.infer<typeof table>
export type SequenceEntry = z.infer<typeof sequence>

export const tableFile = (folder: string, table: string): string => path.join(folder, `${table}.copy.gz`)

export async function writeManifest(folder: string, contents: Manifest): Promise<void> {
  const whole = { format: FORMAT, sha256: checksumOf(JSON.stringify(contents)), contents }
  const text = `${JSON.stringify(whole, null, 2)}\n`
  await writeFile(path.join(folder, FILE), text, { flag: 'wx', mode: 0o600, flush: true })
}

/** @throws Error that says what is wrong with the backup. */
export async function readManifest(folder: string): Promise<Manifest> {
  const file = path.join(folder, FILE)
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`${folder} is no backup: ${FILE} in it cannot be read. Name the folder of a backup.`, {
      cause,
    })
  })
  const whole = manifest.safeParse(parsed(text))
  if (whole.success && whole.data.format > FORMAT)
    throw new Error(
      `${folder} has format ${whole.data.format}, and this version reads up to ${FORMAT}: restore it with the version that made it, or a later one.`,
    )
  const inside = contents.safeParse(whole.data?.contents)
  if (!inside.success || checksumOf(JSON.stringify(whole.data?.contents)) !== whole.data?.sha256)
    throw damaged(file)
  return inside.data
}

export const damaged = (file: string): Error =>
  new Error(
    `${file} is damaged or was changed. Nothing was restored: take another copy of this backup, or an older one.`,
  )

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
