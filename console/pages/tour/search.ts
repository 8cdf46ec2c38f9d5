import { given, wholeIn, type Search } from '../../shell/search.ts'

/** The scene that is shown, from 1, and the order that plays in it. */
export const readTourSearch = (search: Search) => given({ scene: wholeIn(search['scene'], 1) })
