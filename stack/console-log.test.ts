import { expect, it } from 'vitest'
import { createLineWriter } from './console-log.ts'

/** What is printed of these lines, where the output is no terminal. */
function printed(...lines: string[]): string[] {
  const written: string[] = []
  const output = { isTTY: false, write: (text: string) => void written.push(text) }
  const write = createLineWriter(output as unknown as NodeJS.WriteStream)('relay')
  for (const line of lines) write(line)
  return written
}

it('a line of JSON is printed as its level, its message and its fields', () => {
  const line = {
    level: 30,
    time: 0,
    pid: 1,
    name: 'relay',
    orderId: 'o1',
    wentTo: { start: 6 },
    sagas: ['a'],
    msg: 'ended',
  }
  expect(printed(JSON.stringify(line))).toEqual([
    expect.stringMatching(
      /^relay {8}\[\d\d:\d\d:\d\d\] INFO: ended orderId=o1 wentTo\.start=6 sagas=\["a"\]\n$/,
    ),
  ])
})

it('any other line is printed as it is', () => {
  expect(printed('ended (SIGKILL), starting again')).toEqual([
    'relay        ended (SIGKILL), starting again\n',
  ])
})
