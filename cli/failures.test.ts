import { CommanderError } from 'commander'
import { expect, it } from 'vitest'
import { ApiProblem, Unreachable } from './client.ts'
import { codeOf, describeFailure, Failed, Interrupted, UsageError } from './failures.ts'

const problem = (status: number, more = {}) =>
  new ApiProblem({ type: 't', title: 'T', status, code: 'CODE', detail: 'Why.', requestId: 'r', ...more })

it.each([
  [new CommanderError(0, 'commander.helpDisplayed', ''), 0],
  [new CommanderError(1, 'commander.unknownCommand', ''), 2],
  [new UsageError('x'), 2],
  [new Failed('x'), 1],
  [new Error('x'), 1],
  ['x', 1],
  [new Unreachable('x'), 3],
  [new Interrupted('x'), 130],
  [problem(400), 1],
  [problem(401), 4],
  [problem(403), 4],
  [problem(404), 5],
  [problem(409), 1],
  [problem(422), 1],
  [problem(429), 3],
  [problem(500), 1],
  [problem(503), 3],
])('%s ends with %i', (error, code) => {
  expect(codeOf(error)).toBe(code)
})

it('a refusal is printed with its code, each field that is wrong, and what to do about a key', () => {
  const errors = [{ pointer: '/lines/0/quantity', detail: 'Too many.' }]
  expect(describeFailure(problem(422, { errors }))).toBe('422 CODE: Why.\n  /lines/0/quantity Too many.')
  expect(describeFailure(problem(401))).toContain('\nSet ORDER_SAGA_KEY')
  expect(describeFailure(problem(403))).toContain('\norder-saga doctor')
  expect(describeFailure(problem(500, { detail: '' }))).toBe('500 CODE: T')
})
