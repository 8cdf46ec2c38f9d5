import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../root.ts'

/** A longer page is two pages, or too long. */
const WORDS_MAX = 1500

/** A list that only grows: no page to be split. */
const CHANGELOG = 'CHANGELOG.md'

/** Pages in plain English: all but the decisions and the changelog, which stay as they were written. */
const PLAIN = /^(README|SECURITY|docs\/(?!adr\/).*)\.md$/
const NOT_PLAIN = /\b(tells?|told|whoever|nobody|somebody)\b/gi

interface Page {
  /** From the root of the repository. */
  readonly name: string
  readonly text: string
}

const read = (name: string) => readFileSync(path.join(ROOT, name), 'utf8')

/** The files below a folder whose names end so. */
function filesOf(folder: string, ending: RegExp): string[] {
  return readdirSync(path.join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)))
}

const PAGES: readonly Page[] = ['README.md', 'SECURITY.md', CHANGELOG, ...filesOf('docs', /\.md$/)].map(
  (name) => ({
    name,
    text: read(name),
  }),
)

const all = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([whole, group]) => group ?? whole)

const withoutFences = (text: string) => text.replaceAll(/^```[\s\S]*?^```$/gm, '')

/** The folders of the repository that are our own. */
const FOLDERS = readdirSync(ROOT, { withFileTypes: true }).flatMap(({ name }) =>
  /^[a-z][\w-]*$/.test(name) && name !== 'node_modules' ? [name] : [],
)
const ROOT_FILES = readdirSync(ROOT)
const FILE_NAMES = new Set([
  ...ROOT_FILES,
  ...FOLDERS.flatMap((folder) => filesOf(folder, /./)).map((file) => path.basename(file)),
])

/** A path, or the name of a file that is clear from its context. */
const NAMED = /`([\w.-]+\.(?:ts|mjs|sql|prisma|json|md|sh|conf|png|yml)|[\w.-]+(?:\/[\w.-]+)+\/?|[\w.-]+\/)`/g

/** Examples: any file, and the step of docs/adding-a-step.md. */
const INVENTED = /^(x\.|domain\/fraud\/)/

function isMissing(name: string): boolean {
  if (INVENTED.test(name)) return false
  if (!name.includes('/')) return !FILE_NAMES.has(name)
  return FOLDERS.includes(name.split('/')[0] ?? '') && !existsSync(path.join(ROOT, name))
}

const missingPaths = ({ text }: Page) => all(withoutFences(text), NAMED).filter(isMissing)

/** `npm start` runs our processes compiled: a command that looks for one names the compiled file. */
const missingProcesses = ({ text }: Page) =>
  all(text, /\bp(?:grep|kill) -f ([\w./-]+)/g).filter(
    (name) => !name.endsWith('.js') || !existsSync(path.join(ROOT, name.replace(/js$/, 'ts'))),
  )

/** The anchor that GitHub gives a heading. */
const slugOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

function hasTarget(file: string, anchor: string | undefined): boolean {
  if (!existsSync(path.join(ROOT, file))) return false
  return (
    anchor === undefined ||
    all(withoutFences(read(file)), /^#+ (.+)$/gm)
      .map(slugOf)
      .includes(anchor)
  )
}

function brokenLinks({ name, text }: Page): string[] {
  const links = all(withoutFences(text), /\]\(([^)\s]+)\)/g).filter((link) => !/^\w+:/.test(link))
  return links.filter((link) => {
    const [target = '', anchor] = link.split('#')
    return !hasTarget(target === '' ? name : path.join(path.dirname(name), target), anchor)
  })
}

/** References to a page in a comment. */
function brokenReferences({ text }: Page): string[] {
  return all(text, /\bdocs\/[\w/-]+\.md(?:#[\w-]+)?/g).filter((reference) => {
    const [file = '', anchor] = reference.split('#')
    return !hasTarget(file, anchor)
  })
}

/** A title belongs to the file that it is said to be in, else to the last test file before it in its block. */
const TITLE = /`([\w/.-]+\.test\.ts)`|“([^”]+)”(?=((?:(?:,| and) “[^”]+”)* in `([\w/.-]+\.test\.ts)`)?)/g

function missingTitles({ text }: Page): string[] {
  const blocks = withoutFences(text).split(/\n\s*\n|\n(?=\s*(?:[-*|]|\d+\.) )/)
  return blocks.flatMap((block) => {
    let file: string | undefined
    const missing: string[] = []
    for (const [, before, title, , after] of block.replaceAll(/\s+/g, ' ').matchAll(TITLE)) {
      file = before ?? file
      const source = after ?? file
      if (title !== undefined && source !== undefined && !hasTitle(source, title))
        missing.push(`${source} “${title}”`)
    }
    return missing
  })
}

function hasTitle(file: string, title: string): boolean {
  if (!existsSync(path.join(ROOT, file))) return false
  const source = read(file).replaceAll("\\'", "'")
  return ["'", '"', '`'].some((quote) => source.includes(quote + title + quote))
}

const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
/** The changelog names scripts as they were. */
const missingScripts = ({ name, text }: Page) =>
  name === CHANGELOG
    ? []
    : all(text, /npm run (?:--silent )?([\w:-]+)/g).filter((script) => scripts[script] === undefined)

function tooLong({ name, text }: Page): string[] {
  const words = text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length
  return words <= WORDS_MAX || name === CHANGELOG ? [] : [`${words} words`]
}

/** A quoted title of a test says what it says. */
const unplain = ({ name, text }: Page) =>
  PLAIN.test(name) ? all(text.replaceAll(/“[^”]*”/g, ''), NOT_PLAIN) : []

const RULES: readonly [string, (page: Page) => string[]][] = [
  ['names only files and folders that exist', missingPaths],
  ['looks for processes only by names that they have', missingProcesses],
  ['links only to pages and headings that exist', brokenLinks],
  ['quotes only titles of tests that exist', missingTitles],
  ['names only npm scripts that exist', missingScripts],
  [`has at most ${WORDS_MAX} words`, tooLong],
  ['is in plain English', unplain],
]

describe('a page', () => {
  it.each(RULES)('%s', (_rule, errorsOf) => {
    const errors = PAGES.flatMap((page) => errorsOf(page).map((error) => `${page.name}: ${error}`))
    expect(errors).toEqual([])
  })

  it('that breaks every rule is found by each of them', () => {
    const text = [
      '`domain/none.ts`, [the saga](docs/saga.md${"#"}no-such-heading), `test/docs.test.ts` “no such title”.',
      'Nobody runs `npm run nothing`, then `pgrep -f workers/worker.ts`.',
      'word '.repeat(WORDS_MAX),
    ].join('\n\n')
    expect(RULES.map(([, errorsOf]) => errorsOf({ name: 'README.md', text }).length)).toEqual(
      RULES.map(() => 1),
    )
  })
})

it('comments refer only to pages and headings that exist', () => {
  const sources = FOLDERS.filter((folder) => folder !== 'docs').flatMap((folder) =>
    filesOf(folder, /\.(ts|mjs|sql)$/).filter((name) => !name.includes('generated')),
  )
  const errors = sources.flatMap((name) =>
    brokenReferences({ name, text: read(name) }).map((error) => `${name}: ${error}`),
  )
  expect(sources.length).toBeGreaterThan(300)
  expect(errors).toEqual([])
})

it('the README places the same order as the message of `npm start`, which a test sends', () => {
  const curl = /curl -i [\s\S]*?\} \} \}'/
  const shown = curl.exec(read('stack/start.ts'))?.[0] ?? ''
  const lines = shown.replace('${apiUrl}', 'http://127.0.0.1:3000').replace('${credential}', '').split('\n')
  expect(curl.exec(read('README.md'))?.[0].split('\n')).toEqual(
    lines.map((line) => line.replace(/^ {2}/, '')),
  )
})
