import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, it } from 'vitest'
import { RELEASE } from '../../../prisma/release.ts'
import { ROOT } from '../../../root.ts'
import { createTestDatabase } from '../../harness/start.ts'
import { answers, callsIn, checksumOfRelease, fileOf, functionNames, readRelease, record } from './calls.ts'
import { liveThrough } from './lives.ts'

it(`records how release ${RELEASE} calls the functions`, async () => {
  const checksum = await checksumOfRelease()
  const recorded = readRelease(RELEASE)
  expect(
    recorded === undefined || recorded.checksum === checksum,
    `Release ${RELEASE} is recorded with other migrations or functions: raise RELEASE in prisma/release.ts. Only while release ${RELEASE} is not out: delete ${fileOf(RELEASE)} and record again.`,
  ).toBe(true)
  const live = await createTestDatabase()
  const statements = await record(() => liveThrough(live))
  await live.close()

  const names = await functionNames()
  const called = new Set(statements.flatMap(({ text }) => callsIn(text, names)))
  expect(
    sources()
      .flatMap((text) => callsIn(text, names))
      .filter((name) => !called.has(name)),
    'functions that the code calls, and lives.ts does not',
  ).toEqual([])

  const copy = await createTestDatabase()
  const found = await answers(copy.url, statements)
  await copy.close()
  const texts = [...new Set(statements.map(({ text }) => text))]
  const calls = statements.map(({ text, values }, index) => ({
    text: texts.indexOf(text),
    values,
    answer: found[index],
  }))
  await writeFile(fileOf(RELEASE), `${JSON.stringify({ checksum, texts, calls }, null, 1)}\n`)
})

const APART = new Set(['node_modules', 'test', 'bench', 'docs', 'prisma', 'coverage'])

/** The application's TypeScript. */
function sources(): string[] {
  const folders = readdirSync(ROOT, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith('.') && !APART.has(entry.name),
  )
  return folders.flatMap(({ name }) =>
    readdirSync(path.join(ROOT, name), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => readFileSync(path.join(ROOT, name, file), 'utf8')),
  )
}
