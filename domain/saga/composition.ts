/** What a new saga is run by, as its row keeps it. */
export interface Composition {
  /** The name of the definition, e.g. `order@1`. */
  readonly definition: string
  /** Its steps that must be done before its pivot. */
  readonly beforePivot: readonly string[]
}
