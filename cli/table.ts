export type Cell = string | number | boolean | null | undefined

const GAP = '  '

/** A column is not made narrower than this, even if the table does not fit then. */
const NARROW = 8

/** Takes two places in a terminal. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u

function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += WIDE.test(character) ? 2 : 1
  return width
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

/** Text from outside may not move the cursor or change colours. */
export const plain = (text: string): string => text.replaceAll(/\p{Cc}/gu, ' ')

interface Layout {
  /** The width of the terminal; without one, nothing is wrapped. */
  available?: number | undefined
  /** Colours a cell that is laid out already, given its whole text. */
  paint?: (shown: string, text: string) => string
}

/**
 * A table without lines, its columns two spaces apart. Cells that are too wide go on below themselves: nothing is cut
 * off.
 */
export function layOut(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  { available = Number.MAX_SAFE_INTEGER, paint = (shown) => shown }: Layout = {},
): string {
  const texts = rows.map((row) => row.map((cell) => plain(String(cell ?? ''))))
  const columns = head.map((title, at) => [title, ...texts.map((row) => row[at] ?? '')])
  const widths = fit(
    columns.map((cells) => Math.max(...cells.map(widthOf))),
    columns.map((cells) => Math.max(...cells.flatMap((cell) => cell.split(' ').map(widthOf)))),
    available - GAP.length * (head.length - 1),
  )
  const isNumeric = head.map((_title, at) => rows.every((row) => typeof row[at] === 'number'))
  return [head, ...texts]
    .flatMap((row, index) => {
      const cells = row.map((text, at) => wrap(text, widths[at] ?? NARROW))
      const height = Math.max(...cells.map(({ length }) => length))
      return Array.from({ length: height }, (_, line) =>
        cells
          .map((parts, at) => {
            const shown = parts[line] ?? ''
            const space = ' '.repeat(Math.max((widths[at] ?? 0) - widthOf(shown), 0))
            const painted = index === 0 || shown === '' ? shown : paint(shown, row[at] ?? '')
            return isNumeric[at] === true ? space + painted : painted + space
          })
          .join(GAP)
          .trimEnd(),
      )
    })
    .join('\n')
}

/**
 * How wide each column is, so that all fit if that is possible. The widest give way first: down to their longest words,
 * so that ids stay whole, and if that is not enough, beyond.
 */
export function fit(widths: readonly number[], words: readonly number[], available: number): number[] {
  const floors = widths.map((width) => Math.min(width, NARROW))
  return shrink(shrink(widths, words, available), floors, available)
}

function shrink(widths: readonly number[], floors: readonly number[], available: number): number[] {
  const fitted = [...widths]
  for (let excess = sum(fitted) - available; excess > 0; excess -= 1) {
    const room = fitted.map((width, at) => (width > (floors[at] ?? 0) ? width : 0))
    const widest = Math.max(...room)
    if (widest === 0) break
    fitted[room.indexOf(widest)] = widest - 1
  }
  return fitted
}

/** Lines of at most this width, broken between words where that is possible. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let rest = Array.from(text)
  while (widthOf(rest.join('')) > width) {
    let end = 1
    while (widthOf(rest.slice(0, end + 1).join('')) <= width) end += 1
    const space = rest.slice(0, end + 1).lastIndexOf(' ')
    lines.push(rest.slice(0, space > 0 ? space : end).join(''))
    rest = rest.slice(space > 0 ? space + 1 : end)
  }
  return [...lines, rest.join('')]
}
