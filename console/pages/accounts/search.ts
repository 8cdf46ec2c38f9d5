import { given, wholeIn, type Search } from '../../shell/search.ts'

/** `v`: the account as it was at this version; as it is without. */
export const readAccountSearch = ({ v }: Search) => given({ v: wholeIn(v, 1) })
