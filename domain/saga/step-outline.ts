export type StepKind = 'compensatable' | 'pivot' | 'retriable'

/** A step of a definition as a client may know it. */
export interface StepOutline {
  readonly name: string
  readonly kind: StepKind
  /** Its participant. */
  readonly at: string
  readonly compensation: string | null
  /** The saga ends without it, where its attempts are spent. */
  readonly isOptional: boolean
}
