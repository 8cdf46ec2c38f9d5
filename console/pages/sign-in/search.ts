import { given, textIn, type Search } from '../../shell/search.ts'

/** `next`: the page that asked who is there. */
export const readSignInSearch = ({ next }: Search) => given({ next: textIn(next) })
