import { expect, it } from 'vitest'
import { fieldsOf, searchOf } from './filter-form.ts'

const NOTHING = fieldsOf({})

it('leaves out of the URL what is not asked for', () => {
  expect(searchOf({ ...NOTHING, customerId: '  ' }, undefined)).toEqual({})
})

it('keeps the status and begins at the newest order', () => {
  expect(searchOf({ ...NOTHING, step: 'chargePayment' }, 'parked')).toEqual({
    status: 'parked',
    step: 'chargePayment',
  })
})

it('asks for amounts in minor units', () => {
  expect(searchOf({ ...NOTHING, minTotal: '19.99', maxTotal: '20' }, undefined)).toEqual({
    minTotalMinor: 1999,
    maxTotalMinor: 2000,
  })
  expect(fieldsOf({ minTotalMinor: 1999 }).minTotal).toBe('19.99')
})

it('ignores an amount that is no number', () => {
  expect(searchOf({ ...NOTHING, minTotal: 'ten' }, undefined)).toEqual({})
})

it('gives back the time of the URL after a visit to the fields, in any time zone', () => {
  const search = { createdFrom: '2026-11-27T14:22:54.000Z', createdTo: '2026-11-28T00:00:00.000Z' }
  expect(searchOf(fieldsOf(search), undefined)).toEqual(search)
})

it('shows a time that is none as an empty field', () => {
  expect(fieldsOf({ createdFrom: 'yesterday' }).createdFrom).toBe('')
})
