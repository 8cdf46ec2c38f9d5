import { z } from './zod.ts'

/** Between the groups of a card number, as people write it. */
const SEPARATOR = /[^\p{L}\p{N}]{1,3}/u

/** 13 to 19 digits, also full-width ones and in groups with something between them, that satisfy Luhn's formula. */
export function looksLikeCardNumber(text: string): boolean {
  const runs = text.normalize('NFKC').match(/\d(?:[^\p{L}\p{N}]{0,3}\d){12,}/gu) ?? []
  return runs.some((run) => {
    const groups = run.split(SEPARATOR)
    return groups.some((_, from) =>
      groups.some((_group, to) => {
        const digits = groups.slice(from, to + 1).join('')
        return digits.length >= 13 && digits.length <= 19 && isLuhn(Array.from(digits, Number))
      }),
    )
  })
}

function isLuhn(digits: number[]): boolean {
  const sum = digits.toReversed().reduce((total, digit, index) => {
    const weighted = index % 2 === 1 ? digit * 2 : digit
    return total + (weighted > 9 ? weighted - 9 : weighted)
  }, 0)
  return sum % 10 === 0
}

const textOf = (pattern: RegExp) =>
  z
    .string()
    // One that is not plain is not checked further, so that it gets one error.
    .regex(pattern, { error: 'Control characters and broken Unicode are refused.', abort: true })
    .refine((value) => !looksLikeCardNumber(value), 'This looks like a card number.')

/**
 * A line of text from a client. PostgreSQL stores neither NUL nor half a surrogate pair, other control characters can
 * falsify a log, and a card number is stored nowhere.
 */
export const line = () => textOf(/^[^\p{Cc}\p{Cs}]*$/u)

/** Text for people to read, with tabs and line breaks. */
export const prose = (max: number) =>
  textOf(/^(?:[\t\n\r]|[^\p{Cc}\p{Cs}])*$/u)
    .min(1)
    .max(max)
