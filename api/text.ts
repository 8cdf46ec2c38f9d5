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

/** Without `u`, so that the document can show it as it is; what that flag is for is checked apart. */
const without = (controls: string) => new RegExp(`^[^${controls}]*$`)
const NO_CONTROLS = without(String.raw`\u0000-\u001f\u007f-\u009f`)
const NO_CONTROLS_BUT_BREAKS = without(String.raw`\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f`)

const NOT_PLAIN = 'Control characters and broken Unicode are refused.'

const textOf = (pattern: RegExp, error = NOT_PLAIN) =>
  z
    .string()
    // One that is not plain is not checked further, so that it gets one error.
    .regex(pattern, { error, abort: true })
    .refine((value) => value.isWellFormed(), { error: NOT_PLAIN, abort: true })
    .refine((value) => !looksLikeCardNumber(value), 'This looks like a card number.')

/** A length as JSON Schema counts it: an emoji is one character, and two of JavaScript's. */
const sized = (text: ReturnType<typeof textOf>, max: number) =>
  text
    .min(1)
    .refine((value) => value.length <= max || Array.from(value).length <= max, `At most ${max} characters.`)
    .openapi({ maxLength: max })

/**
 * A line of text from a client. PostgreSQL stores neither NUL nor half a surrogate pair, other control characters can
 * falsify a log, and a card number is stored nowhere.
 */
export const line = (max: number) => sized(textOf(NO_CONTROLS), max)

/** Text for people to read, with tabs and line breaks. */
export const prose = (max: number) => sized(textOf(NO_CONTROLS_BUT_BREAKS), max)

/** Why an operator does something: it is kept with what was done. */
export const reason = prose(500)

/** A name for machines. @param form what it looks like, in words: the error for everything else. */
export const word = (pattern: RegExp, form: string) => textOf(pattern, form)
