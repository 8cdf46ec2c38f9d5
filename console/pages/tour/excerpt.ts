/** As much as fits a screen. */
const LINES_MAX = 60

/**
 * The part of a source file that begins where `name` does, with the comment before it, to the end of its block.
 * @throws Error when the file has no such line: it was renamed.
 */
export function excerptOf(source: string, name: string): string {
  const lines = source.split('\n')
  const found = lines.findIndex((line) => line.includes(name))
  if (found === -1) throw new Error(`There is no line with ${name}`)
  let from = found
  while (from > 0 && /^\s*(\/\*\*|\*|\/\/)/.test(lines[from - 1] ?? '')) from -= 1
  const end = lines.findIndex((line, index) => index > found && /^[})\]]/.test(line))
  return lines.slice(from, Math.min(end === -1 ? lines.length : end + 1, from + LINES_MAX)).join('\n')
}
