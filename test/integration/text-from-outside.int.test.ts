import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jsonWith, valueAt } from '../harness/document-inputs.ts'
import { triedAt } from '../harness/matrix.ts'
import { NASTY_BYTES, NASTY_HEADERS, NASTY_JSON } from '../harness/nasty.ts'
import { faultOf, openOutside, type Outside } from '../harness/outside.ts'
import type { RawAnswer } from '../harness/raw-http.ts'
import { startSystem } from '../harness/start.ts'
import type { System } from '../harness/system.ts'

/**
 * Every field, parameter and header of the published document gets everything that has broken one program or another.
 * A new one is found by itself. Each answer is held against the document, as in every test.
 */
let system: System
let outside: Outside
beforeAll(async () => {
  system = await startSystem({ workers: false, events: true })
  outside = await openOutside(system)
})
afterAll(() => system.close())

/** Sends all of them, a few at a time, and collects what is wrong by what was sent. */
async function faultsOf(requests: readonly (() => Promise<[string, string | undefined]>)[]) {
  const faults: string[] = []
  const left = requests.values()
  const work = async () => {
    for (const request of left) {
      const [what, fault] = await request()
      if (fault !== undefined) faults.push(`${what} → ${fault}`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, work))
  return faults
}

/** What was accepted and is shown is what was sent. */
function changeOf(answer: RawAnswer, pointer: string, sent: string): string | undefined {
  const isJson = answer.headers['content-type']?.startsWith('application/json') === true
  if (answer.status >= 300 || !isJson || pointer === '' || sent === '') return undefined
  const shown = valueAt(JSON.parse(answer.body), pointer)
  const given: unknown = JSON.parse(sent)
  if (shown === undefined || shown === null || given === null || typeof given === 'object') return undefined
  return shown === given ? undefined : `shown as ${JSON.stringify(shown)}`
}

describe('whatever a client sends, it is answered with a success or a problem and shown as it was sent', () => {
  it('in a field of a body', async () => {
    const requests = outside.targets.flatMap((target) =>
      target.places.flatMap(({ pointer, body }, place) =>
        triedAt(place, NASTY_JSON).map((text) => async (): Promise<[string, string | undefined]> => {
          const answer = await outside.call(target, { body: jsonWith(body, pointer, text) })
          const what = `${target.method} ${target.path} ${pointer} ${text.slice(0, 80)}`
          return [what, faultOf(answer) ?? changeOf(answer, pointer, text)]
        }),
      ),
    )
    expect(requests.length).toBeGreaterThan(300)
    expect(await faultsOf(requests)).toEqual([])
  })

  it('in a path or a query, also one that is doubled', async () => {
    const requests = outside.targets.flatMap((target) =>
      target.parameters.flatMap(({ name, in: place }, index) =>
        triedAt(index, [...NASTY_BYTES, `1&${name}=1`, `&${name}[]=1`, `&${name}[a]=1`]).map(
          (bytes) => async (): Promise<[string, string | undefined]> => {
            const change = place === 'path' ? { path: { [name]: bytes } } : { query: `${name}=${bytes}` }
            const answer = await outside.call(target, change)
            return [`${target.method} ${target.path} ${name}=${bytes.slice(0, 80)}`, faultOf(answer)]
          },
        ),
      ),
    )
    expect(requests.length).toBeGreaterThan(300)
    expect(await faultsOf(requests)).toEqual([])
  })

  it('in a header, also one that is doubled', async () => {
    const common = [
      'accept',
      'x-request-id',
      'accept-encoding',
      'authorization',
      'origin',
      'if-none-match',
      'range',
    ]
    const odd = ['a', '', ',', ';q=', '\u0080\u00ff', 'x'.repeat(8000)]
    const requests = outside.targets.flatMap((target) => {
      const own = target.parameters.filter(({ in: place }) => place === 'header').map(({ name }) => name)
      return [...own, ...common].flatMap((name, index) =>
        triedAt(index, own.includes(name) ? [...NASTY_HEADERS, 'a'] : odd).map(
          (value) => async (): Promise<[string, string | undefined]> => {
            const headers = [name, ...(value === 'a' ? [name] : [])].map((each) => [each, value] as const)
            const answer = await outside.call(target, { headers })
            return [`${target.method} ${target.path} ${name}: ${value.slice(0, 80)}`, faultOf(answer)]
          },
        ),
      )
    })
    expect(requests.length).toBeGreaterThan(300)
    expect(await faultsOf(requests)).toEqual([])
  })
})
