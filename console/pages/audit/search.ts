import { given, textIn, type Search } from '../../shell/search.ts'

/** Which part of the record is shown. */
export const readAuditSearch = (search: Search) =>
  given({
    subject: textIn(search['subject']),
    action: textIn(search['action']),
    from: textIn(search['from']),
    to: textIn(search['to']),
  })

export type AuditSearch = ReturnType<typeof readAuditSearch>
