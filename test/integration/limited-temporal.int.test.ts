import { Client } from '@temporalio/client'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readConfig } from '../../config.ts'
import { connectLazily } from '../../dispatch/connection.ts'
import { troubleOf } from '../../dispatch/trouble.ts'
import { createWorkflows } from '../../dispatch/workflows.ts'
import { freePort } from '../../stack/ports.ts'
import { locateTemporalCli } from '../../stack/temporal-cli.ts'
import { startTemporal, type Temporal } from '../../stack/temporal.ts'
import { ORDER_SAGA } from '../../workflows/order/contract.ts'
import { orderSaga } from '../../workflows/order/steps.ts'
import { overtakes, timesOf } from '../harness/order-times.ts'
import { until } from '../harness/poll.ts'
import { startSystem } from '../harness/start.ts'

/** Calls that the namespace may make in a second; at once it may make as many again. */
const LIMIT = 5
const STARTS = 100

let temporal: Temporal
beforeAll(async () => {
  temporal = await startTemporal({
    cli: await locateTemporalCli(readConfig(), () => undefined),
    port: await freePort(),
    namespace: 'default',
    limits: { 'frontend.namespaceRPS': LIMIT },
  })
})
afterAll(() => temporal.stop())

it('a start that Temporal refuses because of a limit is known to be refused at once, and is not waited for', async () => {
  const connection = connectLazily({ address: temporal.address })
  const workflows = createWorkflows({
    client: new Client({ connection }),
    sagas: [ORDER_SAGA],
    queueOf: (participant) => `limited.${participant}`,
    workflowTaskTimeoutMs: 4000,
    input: {},
  })
  const start = () =>
    workflows.start(
      {
        id: uuid(),
        definition: orderSaga.name,
        deadlineAt: new Date(),
        isRestart: false,
        status: 'pending',
        traceParent: null,
      },
      60_000,
    )
  const starts = await Promise.allSettled(Array.from({ length: STARTS }, start))
  await connection.close()
  const refused = starts.flatMap((each) => (each.status === 'rejected' ? [troubleOf(each.reason)] : []))
  expect(new Set(refused)).toEqual(new Set(['busy']))
})

it('orders that are more than Temporal takes in a second are all started, and none long before an older one', async () => {
  const system = await startSystem({ workers: false, temporalAddress: temporal.address })
  try {
    const customerId = 'cus_many'
    await Promise.all(Array.from({ length: STARTS }, () => system.api.place({ customerId })))
    await until('every workflow to be started', async () =>
      (await system.db.sagaStart.count()) === 0 ? true : undefined,
    )
    expect(overtakes(await timesOf(system.db, system.client, customerId), 2000)).toBe(0)
  } finally {
    await system.close()
  }
})
