import { expect, it } from 'vitest'
import { countVerdicts } from './verdicts.ts'

const finished = (phase: string, label: string, status: string) =>
  JSON.stringify({ ScenarioFinished: { phase, status, recorder: { label } } })
const broken = (phase: string, label: string) => JSON.stringify({ NonFatalError: { phase, label } })
const count = (...lines: string[]) => countVerdicts(lines.map((line) => `${line}\n`).join(''))

it('counts an operation once in each phase, and not where there was nothing to try', () => {
  expect(
    count(
      '{"Initialize":{"seed":1}}',
      finished('examples', 'GET /a', 'skip'),
      finished('coverage', 'GET /a', 'success'),
      finished('fuzzing', 'GET /a', 'success'),
      finished('fuzzing', 'GET /b', 'failure'),
    ),
  ).toEqual({ passed: 2, failed: 1 })
})

it('counts all sequences of requests as one, which fails when one of them does', () => {
  const sequence = (status: string) => finished('stateful', 'Stateful tests', status)
  expect(count(sequence('success'), sequence('skip'), sequence('success'))).toEqual({ passed: 1, failed: 0 })
  expect(count(sequence('success'), sequence('failure'), sequence('success'))).toEqual({
    passed: 0,
    failed: 1,
  })
})

it.each([
  ['before', [broken('fuzzing', 'GET /a'), finished('fuzzing', 'GET /a', 'success')]],
  ['after', [finished('fuzzing', 'GET /a', 'success'), broken('fuzzing', 'GET /a')]],
])('counts an operation that could not be tried as failed: an error %s its end', (_when, lines) => {
  expect(count(...lines)).toEqual({ passed: 0, failed: 1 })
})

it('counts nothing of a run that has left no record', () => {
  expect(count()).toEqual({ passed: 0, failed: 0 })
})
