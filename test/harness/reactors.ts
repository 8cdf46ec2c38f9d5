import { startChoreography, type ChoreographyOptions } from '../../choreography/choreography.ts'
import { openTransport } from '../../events/broker/open-transport.ts'
import { LOOKS_UP_BY_KEY, openPool } from '../../postgres.ts'
import { ORDER_SAGA } from '../../workflows/order/contract.ts'

/** What runs choreographed orders, in this process. */
export async function startReactors(
  url: string,
  options: Omit<ChoreographyOptions, 'url' | 'pool' | 'transport' | 'outlines' | 'onTrouble'>,
): Promise<{ stop(): Promise<void> }> {
  const onTrouble = () => undefined
  const transport = await openTransport({ kind: 'postgres', url }, onTrouble)
  const pool = openPool(url, { max: 6, name: 'test-choreography', settings: LOOKS_UP_BY_KEY })
  const choreography = startChoreography({
    url,
    pool,
    transport,
    outlines: Object.fromEntries(ORDER_SAGA.steps),
    onTrouble,
    ...options,
  })
  return {
    async stop() {
      await choreography.stop()
      await transport.close()
      await pool.end()
    },
  }
}
