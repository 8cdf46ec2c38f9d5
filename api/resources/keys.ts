import type { KeyRecord, Keys } from '../identity/keys.ts'
import { ROLES } from '../identity/principal.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { customerId, moment, time } from '../parts.ts'
import { HttpProblem } from '../problem.ts'
import { line } from '../text.ts'
import { z } from '../zod.ts'

/** Shown in the record: two that look alike are the same. */
const name = line(100).refine(
  (text) => text === text.normalize('NFKC').trim() && !/\p{Cf}/u.test(text),
  'Without spaces around it, and without signs that cannot be seen.',
)

const keyRequest = z
  .strictObject({
    name: name.openapi({
      description:
        'Of the client. A second key of the same name, roles and customer takes over from the first: both are the same client.',
      example: 'shop',
    }),
    roles: z.array(z.enum(ROLES)).min(1),
    customerId: customerId
      .nullish()
      .openapi({ description: 'Who the client is among the customers; needed for the role `customer`.' }),
    expiresAt: moment
      // Later ones cannot be written as they are read.
      .refine((time) => time.getUTCFullYear() <= 9999, 'After the year 9999.')
      .nullish()
      .openapi({ type: ['string', 'null'], format: 'date-time', description: 'Never, unless it is given.' }),
  })
  .refine(({ roles, customerId }) => !roles.includes('customer') || typeof customerId === 'string', {
    path: ['customerId'],
    message: 'A customer’s key says which customer.',
  })
  .openapi('KeyRequest')

const known = z.object({
  id: z.string(),
  name: z.string(),
  roles: z.array(z.enum(ROLES)),
  customerId: z.string().nullable(),
  createdAt: time,
  expiresAt: time.nullable(),
  revokedAt: time.nullable(),
  lastUsedAt: time.nullable().openapi({ description: 'To the minute.' }),
})

const key = known.openapi('Key')
const newKey = known
  .extend({ key: z.string().openapi({ description: 'Shown this once: `os_<id>_<secret>`.' }) })
  .openapi('NewKey')

/** Keys of the API itself. */
export function keyEndpoints({ identity: { keys } }: { identity: { keys: Keys } }): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/keys',
      summary: 'Make a key for a client',
      body: keyRequest,
      invalid: 'INVALID_KEY',
      answers: {
        201: { description: 'The key, once.', schema: newKey, headers: z.object({ Location: z.string() }) },
      },
      problems: ['KEY_NAME_TAKEN'],
      async handle({ body: { customerId = null, expiresAt = null, ...wish } }) {
        const made = await keys.create({ ...wish, customerId, expiresAt })
        return reply(201, { ...viewKey(made), key: made.key }, { location: `/keys/${made.id}` })
      },
    }),
    endpoint({
      method: 'get',
      path: '/keys',
      summary: 'The keys of all clients, oldest first, without their secrets',
      answers: {
        200: {
          description: 'Also those that are revoked.',
          schema: z.object({ data: z.array(key) }).openapi('KeyList'),
        },
      },
      handle: async () => reply(200, { data: (await keys.list()).map(viewKey) }),
    }),
    endpoint({
      method: 'delete',
      path: '/keys/{id}',
      summary: 'Revoke a key',
      params: z.object({ id: z.string().regex(/^[A-Za-z0-9]{1,64}$/) }),
      absent: 'KEY_NOT_FOUND',
      answers: { 204: { description: 'Revoked: nobody is served with it after five seconds.' } },
      async handle({ params: { id } }) {
        if (!(await keys.revoke(id))) throw new HttpProblem('KEY_NOT_FOUND')
        return reply(204)
      },
    }),
  ]
}

const viewKey = ({ id, name, roles, customerId, ...times }: KeyRecord) => ({
  id,
  name,
  roles,
  customerId,
  createdAt: times.createdAt.toISOString(),
  expiresAt: times.expiresAt?.toISOString() ?? null,
  revokedAt: times.revokedAt?.toISOString() ?? null,
  lastUsedAt: times.lastUsedAt?.toISOString() ?? null,
})
