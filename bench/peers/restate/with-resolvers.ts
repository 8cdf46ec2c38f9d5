type Settle = (value: unknown) => void

/** Restate's SDK needs `Promise.withResolvers`, which Node 20 does not have. */
const promises: { withResolvers?: () => object } = Promise as object

promises.withResolvers ??= () => {
  const settle: { resolve?: Settle; reject?: Settle } = {}
  const promise = new Promise((resolve, reject) => Object.assign(settle, { resolve, reject }))
  return { promise, ...settle }
}
