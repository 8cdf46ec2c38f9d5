import { open, readFile } from 'node:fs/promises'

/** A coordinator's memory: a file to which records are only added, one line of JSON each. */
export interface DurableLog<R> {
  /** Resolves when the record is on disk. Records that are written at once share one flush. */
  force(record: R): Promise<void>
  /** Goes to disk with the next forced record: its loss costs repeated work, and nothing else. */
  note(record: R): void
  /** Flushes so far. */
  readonly flushes: number
  close(): Promise<void>
}

export async function openLog<R>(file: string): Promise<DurableLog<R>> {
  const handle = await open(file, 'a')
  // What is added must not become the end of a record that a crash has cut off.
  await handle.truncate(Buffer.byteLength(await readWhole(file)))
  let pending: string[] = []
  let flushes = 0
  let last = Promise.resolve()
  let next: Promise<void> | undefined
  const flush = async () => {
    next = undefined
    const lines = pending.join('')
    pending = []
    await handle.write(lines)
    await handle.datasync()
    flushes += 1
  }
  const add = (record: R) => void pending.push(`${JSON.stringify(record)}\n`)
  return {
    force(record) {
      add(record)
      // One flush runs, and one waits for it and takes all that was added meanwhile.
      next ??= last = last.then(flush)
      return next
    },
    note: add,
    get flushes() {
      return flushes
    },
    async close() {
      await last
      if (pending.length > 0) await flush()
      await handle.close()
    },
  }
}

/** The records of a log. */
export async function readLog<R>(file: string): Promise<R[]> {
  return (await readWhole(file))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as R)
}

/** Without a last line that has no end: it was being written in the crash, and was never relied on. */
async function readWhole(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  return text.slice(0, text.lastIndexOf('\n') + 1)
}
