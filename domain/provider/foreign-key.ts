import { createHash } from 'node:crypto'

/** Characters of a key that are kept as they are; an index takes no row that is much longer. */
const KEY_MAX = 300

/** Characters of an escaped key that are shown before its digest. */
const SHOWN_MAX = 200

const PREFIX = 'escaped:'

/** PostgreSQL stores no NUL, and a log has no control characters. */
const CONTROLS = /\p{Cc}/u
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/gu

/**
 * A key of another sender at the same provider, as it is stored and shown. One that is empty, too long or unprintable is
 * escaped, with its digest, so that two of them do not become one. So are `.` and `..`: in the path of a URL, a parser
 * takes them for steps even where they are encoded.
 */
export function asStored(key: string): string {
  const isKept =
    key !== '' &&
    key !== '.' &&
    key !== '..' &&
    key.length <= KEY_MAX &&
    !CONTROLS.test(key) &&
    key.isWellFormed() &&
    !key.startsWith(PREFIX)
  if (isKept) return key
  const shown = key
    .slice(0, SHOWN_MAX)
    .replace(UNPRINTABLE, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`)
  // UTF-16: in UTF-8 all lone surrogates would be the same.
  const digest = createHash('sha256').update(key, 'utf16le').digest('hex').slice(0, 32)
  return `${PREFIX}${shown}:${digest}`
}

/** Whether it stands for a key that no provider can be asked for. */
export const isEscaped = (stored: string): boolean => stored.startsWith(PREFIX)
