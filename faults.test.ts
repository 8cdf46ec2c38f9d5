import { describe, expect, it } from 'vitest'
import { isDatabaseTrouble, sqlStateOf } from './faults.ts'

const withCode = (code: string) => Object.assign(new Error('x'), { code })
const fromPostgres = (code: string) => Object.assign(new Error('x'), { code, severity: 'ERROR' })
const fromAdapter = (cause: object) =>
  Object.assign(new Error('x'), { code: 'P2010', meta: { driverAdapterError: { cause } } })

describe('a database is in trouble', () => {
  it.each([
    withCode('P1001'),
    withCode('P2024'),
    withCode('P2028'),
    ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'].map(
      withCode,
    ),
    withCode('ENETUNREACH'),
    fromAdapter({ kind: 'DatabaseNotReachable' }),
    ...[
      '08006',
      '25006',
      '25P03',
      '40001',
      '40P01',
      '53100',
      '53200',
      '53300',
      '55P03',
      '57014',
      '57P01',
      '58030',
    ].map((originalCode) => fromAdapter({ kind: 'postgres', originalCode })),
    fromPostgres('57014'),
    fromPostgres('25006'),
    new Error('Connection terminated unexpectedly'),
    new Error('timeout exceeded when trying to connect'),
    new Error('Query read timeout'),
    new Error('timeout expired'),
    new Error('x', { cause: withCode('ECONNREFUSED') }),
    new Error('x', { cause: fromPostgres('40P01') }),
  ])('with %o', (error) => expect(isDatabaseTrouble(error)).toBe(true))
})

describe('a database is not in trouble', () => {
  it.each([
    withCode('P2002'),
    fromPostgres('23505'),
    fromAdapter({ kind: 'postgres', originalCode: '23505' }),
    new Error('x'),
    'no error at all',
    undefined,
  ])('with %o', (error) => expect(isDatabaseTrouble(error)).toBe(false))
})

describe('an SQLSTATE', () => {
  it('is found with the driver and inside what Prisma wraps, and nowhere else', () => {
    expect(sqlStateOf(fromPostgres('57014'))).toBe('57014')
    expect(sqlStateOf(fromAdapter({ kind: 'postgres', originalCode: '57014' }))).toBe('57014')
    expect(sqlStateOf(withCode('P1001'))).toBeUndefined()
    expect(sqlStateOf(withCode('EPIPE'))).toBeUndefined()
  })
})
