import type { components } from '../../api-types.ts'
import { PAYMENT_TOKENS, SHIPPING_SERVICES, written, type Token } from './tokens.ts'

type Schemas = components['schemas']
export type OrderRequest = Schemas['OrderRequest']
export type Product = Schemas['Product']
type Address = NonNullable<OrderRequest['shipping']>['address']

/** A token that is chosen from the list with its number, or written by hand. */
export interface Choice {
  /** As the list names it; `OTHER` for one that is written by hand. */
  name: string
  n: number
  other: string
}

/** What is wrong with a field of the request, by its pointer (RFC 6901). */
export type ErrorOf = (pointer: string) => string | undefined

/** What a part of the form works on. */
export interface FieldsProps {
  draft: Draft
  set: (changes: Partial<Draft>) => void
  errorOf: ErrorOf
}

export const OTHER = 'other'

/** An order as it is being written. */
export interface Draft {
  /** Undefined for a customer's own, whose credential says who that is. */
  customerId: string | undefined
  lines: { sku: string; quantity: number }[]
  giftWrap: boolean
  coordination: NonNullable<OrderRequest['coordination']>
  payment: Choice
  service: Choice
  address: Record<keyof Address, string>
  /** As it is written; empty for the default. */
  deadlineSeconds: string
}

export const EMPTY_DRAFT: Draft = {
  customerId: 'cus_alice',
  lines: [{ sku: 'TEA-001', quantity: 2 }],
  giftWrap: false,
  coordination: 'orchestration',
  payment: { name: 'pm_ok', n: 1, other: '' },
  service: { name: 'standard', n: 1, other: '' },
  address: { name: 'A. Doe', line1: '1 High St', city: 'Utrecht', postalCode: '3511', country: 'NL' },
  deadlineSeconds: '',
}

export const tokenOf = (tokens: readonly Token[], { name }: Choice): Token | undefined =>
  tokens.find(({ token }) => token === name)

const sentAs = (tokens: readonly Token[], choice: Choice): string => {
  const token = tokenOf(tokens, choice)
  return token === undefined ? choice.other.trim() : written(token, choice.n)
}

/** @returns undefined while a product of it is not in the catalogue that was read. */
export function totalOf(lines: Draft['lines'], catalogue: readonly Product[]): number | undefined {
  let total = 0
  for (const { sku, quantity } of lines) {
    const product = catalogue.find((each) => each.sku === sku)
    if (product === undefined) return undefined
    total += product.priceMinor * quantity
  }
  return total
}

/** Whether the first step would find too little. */
export const isOutOfStock = (lines: Draft['lines'], catalogue: readonly Product[]): boolean =>
  lines.some(({ sku, quantity }) => (catalogue.find((each) => each.sku === sku)?.available ?? 0) < quantity)

/** Whether every product is digital, so that there is nothing to ship. */
export const isDigital = (lines: Draft['lines'], catalogue: readonly Product[]): boolean =>
  lines.every(({ sku }) => catalogue.find((each) => each.sku === sku)?.kind === 'digital')

/** What is sent. The total that was seen goes with it, so that another one is refused. */
export function requestOf(draft: Draft, currency: string, catalogue: readonly Product[]): OrderRequest {
  const { customerId, lines, giftWrap, coordination, payment, service, address, deadlineSeconds } = draft
  const totalMinor = totalOf(lines, catalogue)
  return {
    ...(customerId === undefined ? {} : { customerId }),
    currency,
    lines,
    paymentMethod: sentAs(PAYMENT_TOKENS, payment),
    ...(isDigital(lines, catalogue)
      ? {}
      : {
          shipping: {
            service: sentAs(SHIPPING_SERVICES, service),
            // The API knows the countries.
            address: address as Address,
          },
        }),
    ...(giftWrap ? { giftWrap } : {}),
    ...(coordination === 'choreography' ? { coordination } : {}),
    ...(totalMinor === undefined ? {} : { expectedTotalMinor: totalMinor }),
    ...(deadlineSeconds === '' ? {} : { deadlineSeconds: Number(deadlineSeconds) }),
  }
}
