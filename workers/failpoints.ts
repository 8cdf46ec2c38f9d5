import type { Reach } from '../domain/saga/step.ts'

const SIGNALS = { kill: 'SIGKILL', stop: 'SIGSTOP' } as const

/**
 * Lets this process die or freeze when it reaches a named point of a step, e.g. `chargePayment:before-call=kill`.
 * Points: `before`, `before-call`, `before-record` (provider steps) and `after`. Each works once.
 * @throws Error for a failpoint that it does not understand.
 */
export function createFailpoints(specs: readonly string[]): Reach {
  const armed = new Map(
    specs.map((spec) => {
      const [point, action] = spec.split('=')
      if (point === undefined || (action !== 'kill' && action !== 'stop')) {
        throw new Error(`FAILPOINTS: ${spec} is not of the form step:point=kill|stop`)
      }
      return [point, SIGNALS[action]] as const
    }),
  )
  return (point) => {
    const signal = armed.get(point)
    if (signal === undefined) return
    armed.delete(point)
    process.kill(process.pid, signal)
  }
}
