import express from 'express'
import { afterEach, expect, it } from 'vitest'
import { endpoint } from '../../api/endpoint.ts'
import { createAuditLog } from '../../api/identity/audit-log.ts'
import { mount } from '../../api/mount.ts'
import { ACCEPTED, accepted } from '../../api/parts.ts'
import { createErrorHandler } from '../../api/problem.ts'
import { createLogger } from '../../logger.ts'
import { close, listen } from '../harness/world.ts'

const closers: (() => void)[] = []
afterEach(() => closers.splice(0).forEach((each) => each()))

it('an answer is with the client before that is done which comes after it, be it the end of the process', async () => {
  const ending = endpoint({
    method: 'post',
    path: '/session',
    summary: 'End',
    answers: { 202: { description: 'It ends.', schema: accepted } },
    // As the death of the process would: every connection is lost.
    handle: async () => ({ ...ACCEPTED, after: () => close(server) }),
  })
  const { server, url } = await listen(
    express().use(
      mount([ending], { audit: createAuditLog({ db: undefined as never }), onTrouble: () => undefined }),
    ),
  )
  closers.push(() => close(server))
  const answer = await fetch(`${url}/session`, { method: 'POST' })
  expect([answer.status, await answer.json()]).toEqual([202, { status: 'accepted' }])
  await expect(fetch(`${url}/session`, { method: 'POST' })).rejects.toThrow('fetch failed')
})

it('what went wrong inside is in no answer: neither its text nor where it was', async () => {
  const app = express()
  app.get('/', () => {
    throw new Error('INSERT INTO orders failed for Alice', { cause: new Error('password') })
  })
  app.use(
    createErrorHandler({
      log: createLogger('test', { LOG_LEVEL: 'silent' }),
      onRefused: () => undefined,
      absentAt: () => 'NOT_FOUND',
    }),
  )
  const { server, url } = await listen(app)
  closers.push(() => close(server))
  const answer = await fetch(url)
  const text = await answer.text()
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    500,
    expect.stringContaining('application/problem+json'),
  ])
  expect(JSON.parse(text)).toMatchObject({ code: 'INTERNAL' })
  expect(text).not.toMatch(/INSERT|Alice|password|\.ts|\bat /)
})
