import { randomBytes } from 'node:crypto'

/** `os_<id>_<secret>`, with a secret of at least 32 signs. */
export const API_KEY = /^os_(?<id>[A-Za-z0-9]{1,64})_[A-Za-z0-9_-]{32,128}$/

const ID_BYTES = 8
const SECRET_BYTES = 32

/** A new key. */
export function makeApiKey(): { id: string; key: string } {
  const id = randomBytes(ID_BYTES).toString('hex')
  return { id, key: `os_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}` }
}
