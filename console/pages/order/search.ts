import { given, wholeIn, type Search } from '../../shell/search.ts'

/** `v`: the order as it was at this version; as it is without. */
export const readOrderSearch = ({ v }: Search) => given({ v: wholeIn(v, 1) })
