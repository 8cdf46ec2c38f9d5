import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { accessTo, isAllowed, nameOf } from '../api/identity/access.ts'
import { ROLES, STAFF_ROLES, type Principal } from '../api/identity/principal.ts'
import { ROOT } from '../root.ts'
import { describedEndpoints } from './api-document.ts'

/** `npm run docs:access`: writes who may call what as a page. A test says when that is due. */
const PAGE = path.join(ROOT, 'docs', 'access.md')

const HEAD = `# Access

Who may call what? Made from \`api/identity/access.ts\` by \`npm run docs:access\`; [identity](identity.md) says what it means.

A number is the status that is answered instead. “Own” is what belongs to a customer, and “other” what belongs to
another: a list is without it, and an order for another, or a transfer out of another’s account, is answered with 403.
`

export function accessPage(): string {
  const columns = ['route', 'no credential', 'own', 'other', ...STAFF_ROLES]
  const rows = describedEndpoints().map((endpoint) => {
    const access = accessTo(endpoint)
    const may = (principal: Principal) => isAllowed(access, principal)
    const as = (...roles: Principal['roles']): Principal => ({ subject: 'x', roles, customerId: 'x' })
    const answer = (isAnswered: boolean, otherwise: number) => (isAnswered ? '✓' : String(otherwise))
    const isOwned = typeof access !== 'string' && access.customers === true
    return [
      `\`${nameOf(endpoint)}\``,
      answer(access === 'everyone', 401),
      answer(may(as(ROLES[0])), 403),
      isOwned ? (endpoint.path.includes('{') ? '404' : '–') : answer(may(as(ROLES[0])), 403),
      ...STAFF_ROLES.map((role) => answer(may(as(role)), 403)),
    ]
  })
  const widths = columns.map((name, at) =>
    Math.max(...[name, ...rows.map((row) => row[at] ?? '')].map((text) => text.length)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [HEAD, line(columns), rule, ...rows.map(line), ''].join('\n')
}

export const writtenAccessPage = (): string => readFileSync(PAGE, 'utf8')

if (process.argv[1] === import.meta.filename) writeFileSync(PAGE, accessPage())
