import { given, oneOf, textIn, type Search } from '../../shell/search.ts'
import { STATUSES } from '../orders/search.ts'

/** Which transfers are shown. */
export const readTransferSearch = (search: Search) =>
  given({ status: oneOf(search['status'], STATUSES), accountId: textIn(search['accountId']) })
