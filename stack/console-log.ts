import { prettyFactory } from 'pino-pretty'

const COLOURS = [36, 33, 35, 32, 34, 31]
const NAME_WIDTH = 12

/** What each line has, and is shown elsewhere or not worth showing. */
const SHOWN = new Set(['level', 'time', 'pid', 'name', 'msg'])

/** The fields of a line, e.g. `status=202`, and `wentTo.start=6` of an object. */
function fieldsIn(line: object, within = ''): string[] {
  return Object.entries(line).flatMap(([name, value]): string[] => {
    if (within === '' && SHOWN.has(name)) return []
    if (Array.isArray(value) || typeof value !== 'object' || value === null)
      return [`${within}${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`]
    return fieldsIn(value as object, `${within}${name}.`)
  })
}

export type LineWriter = (name: string) => (line: string) => void

/** Prints the lines of several processes, each with the name of its process in a column and a colour of its own. */
export function createLineWriter(output: NodeJS.WriteStream): LineWriter {
  const isColoured = output.isTTY
  const pretty = prettyFactory({
    colorize: isColoured,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid,name,hostname',
    hideObject: true,
    messageFormat: (line) => [line['msg'], ...fieldsIn(line)].join(' '),
  })
  const names: string[] = []
  return (name) => {
    names.push(name)
    const colour = COLOURS[(names.length - 1) % COLOURS.length] ?? 0
    const label = name.padEnd(NAME_WIDTH)
    const prefix = isColoured ? `\u001B[${colour}m${label}\u001B[0m ` : `${label} `
    return (line) => output.write(`${prefix}${line.startsWith('{') ? pretty(line).trimEnd() : line}\n`)
  }
}
