import type { Supervisor } from '../../supervision.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { ACCEPTED, accepted, time, uuid } from '../parts.ts'
import { HttpProblem } from '../problem.ts'
import { faults, faultsRequest, ledger, type SandboxClient, type SandboxLedger } from '../sandbox-client.ts'
import { z } from '../zod.ts'

const processList = z
  .object({
    data: z.array(
      z.object({
        name: z.string(),
        pid: z.int().nullable().openapi({ description: 'Null while it is down.' }),
        restarts: z.int().openapi({ description: 'How often it was started again.' }),
        since: time.openapi({ description: 'When it came up; while it is down, when it went down.' }),
      }),
    ),
  })
  .openapi('Processes')

const nameInPath = z.object({ name: z.string().regex(/^[A-Za-z0-9-]{1,60}$/) })

export interface DevelopmentResources {
  /** What is there for development; undefined where it is not. */
  development: { sandbox: SandboxClient; supervisor: Supervisor } | undefined
}

/** To break the outside world, to see what it did, and to kill processes: for development alone. */
export const developmentEndpoints = ({ development }: DevelopmentResources): Endpoint[] =>
  development === undefined
    ? []
    : [...sandboxEndpoints(development.sandbox), ...processEndpoints(development.supervisor)]

const sandboxEndpoints = (sandbox: SandboxClient): Endpoint[] => [
  endpoint({
    method: 'get',
    path: '/development/faults',
    summary: 'What is wrong with the providers that the sandbox plays',
    answers: { 200: { description: 'All of it.', schema: faults } },
    handle: async () => reply(200, await sandbox.readFaults()),
  }),
  endpoint({
    method: 'put',
    path: '/development/faults',
    summary: 'Break the providers',
    body: faultsRequest,
    answers: { 200: { description: 'All of it, from the next call on.', schema: faults } },
    handle: async ({ body }) => reply(200, await sandbox.replaceFaults(body)),
  }),
  endpoint({
    method: 'delete',
    path: '/development/faults',
    summary: 'Mend the providers',
    answers: { 200: { description: 'Every provider is `up`.', schema: faults } },
    handle: async () => reply(200, await sandbox.clearFaults()),
  }),
  endpoint({
    method: 'get',
    path: '/development/ledger',
    summary: 'What the providers did',
    query: z.strictObject({
      orderId: uuid.optional().openapi({ description: 'Of this order alone.' }),
    }),
    answers: {
      200: { description: 'One row for each key: no declines, no attempts.', schema: ledger },
    },
    handle: async ({ query: { orderId = '' } }) => reply(200, ofOrder(await sandbox.readLedger(), orderId)),
  }),
  endpoint({
    method: 'post',
    path: '/development/parcels/{reference}/received',
    summary: 'Let the carrier say that it has received a parcel',
    params: z.object({ reference: uuid.openapi({ description: 'The id of a return.' }) }),
    answers: { 202: { description: 'The return hears of it within seconds.', schema: accepted } },
    async handle({ params: { reference } }) {
      await sandbox.receiveParcel(reference)
      return ACCEPTED
    },
  }),
]

/** An idempotency key contains the id of its order. */
const ofOrder = (all: SandboxLedger, orderId: string) =>
  Object.fromEntries(
    Object.entries(all).map(([name, rows]) => [name, rows.filter(({ key }) => key.includes(orderId))]),
  ) as SandboxLedger

function processEndpoints(supervisor: Supervisor): Endpoint[] {
  const list = async () => {
    const processes = await supervisor.list()
    if (processes !== undefined) return processes
    throw new HttpProblem(
      'DEPENDENCY_UNAVAILABLE',
      'No supervisor answers: only `npm start` has one, which starts again what was killed.',
    )
  }
  return [
    endpoint({
      method: 'get',
      path: '/development/processes',
      summary: 'The processes of this system',
      answers: { 200: { description: 'Ours and the servers that run with them.', schema: processList } },
      handle: async () => reply(200, { data: [...(await list())] }),
    }),
    endpoint({
      method: 'post',
      path: '/development/processes/{name}/kill',
      summary: 'Kill one, to see it come back',
      params: nameInPath,
      absent: 'PROCESS_NOT_FOUND',
      answers: {
        202: { description: 'It gets SIGKILL, and is started again.', schema: accepted },
      },
      async handle({ params: { name } }) {
        if (!(await list()).some((process) => process.name === name))
          throw new HttpProblem('PROCESS_NOT_FOUND')
        // The answer goes first: it may be this process.
        return { ...ACCEPTED, after: () => supervisor.kill(name) }
      },
    }),
  ]
}
