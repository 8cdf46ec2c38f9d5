/** What is in an order, as far as its steps depend on it. */
export interface OrderContent {
  /** Every line is of a digital product: there is nothing to ship. */
  readonly isDigital: boolean
  readonly isGiftWrapped: boolean
}
