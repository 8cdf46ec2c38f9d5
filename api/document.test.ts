import { expect, it } from 'vitest'
import { createDocument, describing } from './document.ts'
import { endpoint, reply, type Endpoint } from './endpoint.ts'
import { line, word } from './text.ts'
import { z } from './zod.ts'

const thing = z.object({ name: z.string() }).openapi('Thing')

const { paths } = createDocument(
  [
    endpoint({
      method: 'post',
      path: '/keys',
      summary: 'Make a thing',
      headers: {
        Key: { schema: z.string().regex(/^k+$/), description: 'A key.', invalid: 'INVALID_PARAMETER' },
      },
      body: z.strictObject({ name: line(20), id: word(/^[a-z]+$/, 'Small letters.') }),
      answers: { 200: { description: 'The thing.', schema: thing } },
      handle: async ({ body: { name } }) => reply(200, { name }),
    }),
    endpoint({
      method: 'get',
      path: '/operations/stream',
      summary: 'Watch things',
      answers: { 200: { description: 'Each thing.', isStream: true, data: thing } },
      handle: async () => ({ status: 200 as const, stream: async () => undefined }),
    }),
  ],
  '1',
)

it('shows the pattern of each text and header as JSON Schema writes it', () => {
  expect(paths?.['/keys']?.post).toMatchObject({
    parameters: [{ name: 'Key', in: 'header', schema: { type: 'string', pattern: '^k+$' } }],
    requestBody: {
      content: {
        'application/json': {
          schema: {
            properties: {
              name: { maxLength: 20, pattern: String.raw`^[^\u0000-\u001f\u007f-\u009f]*$` },
              id: { pattern: '^[a-z]+$' },
            },
          },
        },
      },
    },
  })
})

it('shows the event of a stream, whose data is JSON in a text', () => {
  expect(
    paths?.['/operations/stream']?.get?.responses?.['200'].content['text/event-stream'].schema.properties
      .data,
  ).toEqual({
    type: 'string',
    contentMediaType: 'application/json',
    contentSchema: { $ref: '#/components/schemas/Thing' },
  })
})

it('is made when it is first asked for, and once', () => {
  const endpoints: Endpoint[] = []
  const document = describing(endpoints, '1')
  endpoints.push(
    endpoint({
      method: 'get',
      path: '/livez',
      summary: 'Show what came after the start',
      answers: { 200: { description: 'The thing.', schema: thing } },
      handle: async () => reply(200, { name: 'late' }),
    }),
  )
  expect(Object.keys(document().paths ?? {})).toEqual(['/livez'])
  expect(document()).toBe(document())
})
