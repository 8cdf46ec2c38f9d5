import { prettyFactory } from 'pino-pretty'

const COLOURS = [36, 33, 35, 32, 34, 31]
const NAME_WIDTH = 10

export type LineWriter = (name: string) => (line: string) => void

/** Prints the lines of several processes, each with the name of its process in a column and a colour of its own. */
export function createLineWriter(output: NodeJS.WriteStream): LineWriter {
  const isColoured = output.isTTY
  const pretty = prettyFactory({
    colorize: isColoured,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid,name,hostname',
    singleLine: true,
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
