/** Who does something by hand, and why: what `operator_actions` records of it. */
export interface Operator {
  actor: string
  /** In the operator's own words. */
  reason: string
}
