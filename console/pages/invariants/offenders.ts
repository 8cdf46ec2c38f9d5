type Kind = 'order' | 'return' | 'transfer' | 'account'

/** A part of a detail: plain text, or an id of something that has a page. */
export interface Part {
  text: string
  id?: string
  page?: `/${Kind}s/$id`
}

const ID = /(?:(order|return|transfer|account)-)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/g

/**
 * Splits what the API says of a failed check, so that each id leads to its page. The API names an event stream with its
 * kind in front of the id; without one, the check says what its ids are of.
 */
export function partsOf(check: string, detail: string): Part[] {
  const parts: Part[] = []
  let end = 0
  for (const match of detail.matchAll(ID)) {
    const [text, kind = kindOf(check), id = ''] = match
    if (match.index > end) parts.push({ text: detail.slice(end, match.index) })
    parts.push({ text, id, page: `/${kind as Kind}s/$id` })
    end = match.index + text.length
  }
  if (end < detail.length) parts.push({ text: detail.slice(end) })
  return parts
}

/** What the ids of a check are of. */
const kindOf = (check: string): Kind => (check === 'transfers' ? 'transfer' : 'order')
