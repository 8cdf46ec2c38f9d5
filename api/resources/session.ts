import type { AuditLog } from '../identity/audit-log.ts'
import { cookieIn, endedCookie, sessionCookie } from '../identity/cookie.ts'
import { refused } from '../identity/identify.ts'
import type { Keys } from '../identity/keys.ts'
import { ROLES } from '../identity/principal.ts'
import type { Sessions } from '../identity/sessions.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { z } from '../zod.ts'

const principal = z
  .object({
    subject: z.string(),
    roles: z.array(z.enum(ROLES)),
    customerId: z.string().nullable(),
    isOpen: z.boolean().openapi({
      description: 'Whether everybody on this machine is the developer, with every role: nothing is set up.',
    }),
  })
  .openapi('Principal')

export interface SessionResources {
  identity: { keys: Keys; sessions: Sessions; audit: AuditLog; isOpen: boolean }
}

/** Who asks, and how a browser signs in: with a key, for which it gets a cookie that no script can read. */
export function sessionEndpoints({ identity }: SessionResources): Endpoint[] {
  const { keys, sessions, audit, isOpen } = identity
  return [
    endpoint({
      method: 'get',
      path: '/me',
      summary: 'Who you are',
      answers: { 200: { description: 'As your credential says.', schema: principal } },
      handle: async ({ principal: { subject, roles, customerId = null } }) =>
        reply(200, { subject, roles: [...roles], customerId, isOpen }),
    }),
    endpoint({
      method: 'post',
      path: '/session',
      summary: 'Sign in from a browser',
      body: z.strictObject({ key: z.string().min(1).max(300) }).openapi('SignIn'),
      answers: {
        204: { description: 'A cookie stands for the key, for twelve hours or until you sign out.' },
      },
      problems: ['UNAUTHENTICATED'],
      async handle({ body, from: { host, requestId } }) {
        const key = await keys.check(body.key)
        if (key === undefined) throw refused('key')
        const token = await sessions.open(key)
        const deed = {
          subject: key.principal.subject,
          action: 'POST /session',
          target: `keys/${key.id}`,
          requestId,
        }
        await audit.note(deed, 'done')
        return { status: 204 as const, headers: { 'set-cookie': sessionCookie(host, token) } }
      },
    }),
    endpoint({
      method: 'delete',
      path: '/session',
      summary: 'Sign out',
      answers: { 204: { description: 'The session has ended, here and on the server.' } },
      async handle({ from: { host, cookie, requestId } }) {
        const token = cookieIn(cookie)
        const key = token === undefined ? undefined : await sessions.find(token)
        if (token !== undefined && key !== undefined) {
          await sessions.close(token)
          const deed = {
            subject: key.principal.subject,
            action: 'DELETE /session',
            target: `keys/${key.id}`,
            requestId,
          }
          await audit.note(deed, 'done')
        }
        return { status: 204 as const, headers: { 'set-cookie': endedCookie(host) } }
      },
    }),
  ]
}
