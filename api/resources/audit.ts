import { auditKey, type AuditLog, type AuditRecord } from '../identity/audit-log.ts'
import { endpoint, reply, type Endpoint } from '../endpoint.ts'
import { moment, momentKey, page, pageQuery, time, toPage } from '../parts.ts'
import { line } from '../text.ts'
import { z } from '../zod.ts'
import { READERS } from './freshness.ts'

const entry = z
  .object({
    at: time,
    subject: z
      .string()
      .openapi({ description: 'Who: `key:<name>`, `jwt:<issuer>#<sub>`, `developer` or `nobody`.' }),
    action: z.string().openapi({ description: 'What, as a method and a path.', example: 'POST /keys' }),
    target: z.string().openapi({ description: 'The path of what it was done to, or of what was made.' }),
    reason: z.string().nullable().openapi({
      description:
        'In the words of who did it, or why it was refused; null without one, and when it was erased.',
    }),
    outcome: z.string().nullable().openapi({
      description:
        '`done`, or the code of the problem; null when it is not known: the process died meanwhile.',
    }),
    requestId: z.string(),
  })
  .openapi('AuditEntry')

const text = line(300)
const bound = moment.optional().openapi({ type: 'string', format: 'date-time', description: 'Included.' })

const query = z.strictObject({
  subject: text.optional(),
  action: text.optional(),
  from: bound,
  to: bound,
  ...pageQuery({ cursor: momentKey(z.string().regex(/^\d{1,18}$/)).optional() }),
})

/** The record of who did what. */
export function auditEndpoints({ identity: { audit } }: { identity: { audit: AuditLog } }): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/operations/audit',
      summary: 'Who did what, and who was refused',
      query,
      bound: READERS,
      answers: { 200: { description: 'Newest first.', schema: page(entry).openapi('AuditList') } },
      async handle({ query: { limit, cursor, ...filter } }) {
        const found = await audit.list(filter, { limit, after: cursor })
        return reply(200, toPage(found, limit, auditKey, viewEntry))
      },
    }),
  ]
}

const viewEntry = ({ at, subject, action, target, reason, outcome, requestId }: AuditRecord) => ({
  at: at.toISOString(),
  subject,
  action,
  target,
  reason,
  outcome,
  requestId,
})
