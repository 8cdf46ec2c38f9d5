import { describe, expect, it } from 'vitest'
import { isDatabaseAway, sqlStateOf } from './database-away.ts'

const withCode = (code: string) => Object.assign(new Error('x'), { code })
const fromAdapter = (cause: object) =>
  Object.assign(new Error('x'), { code: 'P2010', meta: { driverAdapterError: { cause } } })

describe('a database is away', () => {
  it.each([
    withCode('P1001'),
    withCode('P2024'),
    ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'].map(
      withCode,
    ),
    withCode('ENETUNREACH'),
    fromAdapter({ kind: 'DatabaseNotReachable' }),
    fromAdapter({ kind: 'postgres', originalCode: '57P01' }),
    fromAdapter({ kind: 'postgres', originalCode: '08006' }),
    new Error('Connection terminated unexpectedly'),
    new Error('timeout exceeded when trying to connect'),
    new Error('Query read timeout'),
    new Error('x', { cause: withCode('ECONNREFUSED') }),
  ])('%o', (error) => expect(isDatabaseAway(error)).toBe(true))
})

describe('a database that answers is not away', () => {
  it.each([
    withCode('P2002'),
    fromAdapter({ kind: 'postgres', originalCode: '23505' }),
    fromAdapter({ kind: 'postgres', originalCode: '57014' }),
    new Error('x'),
    'no error at all',
    undefined,
  ])('%o', (error) => expect(isDatabaseAway(error)).toBe(false))

  it('and its own code is told', () => {
    expect(sqlStateOf(fromAdapter({ kind: 'postgres', originalCode: '57014' }))).toBe('57014')
    expect(sqlStateOf(withCode('P1001'))).toBeUndefined()
  })
})
