import fc from 'fast-check'

/** What is read of an OpenAPI document. */
export interface OpenApi {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

interface Operation {
  parameters?: Parameter[]
  requestBody?: { content: { 'application/json': { schema: Schema } } }
}

interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required?: boolean
  schema: Schema
}

interface Schema {
  $ref?: string
  type?: string
  format?: string
  pattern?: string
  enum?: unknown[]
  example?: unknown
  minimum?: number
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  oneOf?: { required: string[] }[]
}

/** One operation, with a body as it should be. */
export interface Target {
  method: string
  path: string
  parameters: Parameter[]
  body: unknown
  /**
   * Where its body has values: pointers (RFC 6901). Those of fields that need not be there come with a body that has
   * them.
   */
  places: { pointer: string; body: unknown }[]
}

/** Every operation of a document, and every place of it where a client says something. */
export function targetsOf(document: OpenApi): Target[] {
  const resolve = (schema: Schema): Schema =>
    schema.$ref === undefined
      ? schema
      : (document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {})
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { parameters = [], requestBody }]) => {
      const schema = requestBody?.content['application/json'].schema
      return {
        method: method.toUpperCase(),
        path,
        parameters,
        body: schema === undefined ? undefined : sampleOf(schema, resolve),
        places: schema === undefined ? [] : placesOf(schema, resolve),
      }
    }),
  )
}

type Resolve = (schema: Schema) => Schema

/** A value that a schema allows: no more of it than must be there. */
function sampleOf(schema: Schema, resolve: Resolve): unknown {
  const { example, enum: choices, type, format, pattern, minimum = 0, items, ...rest } = resolve(schema)
  if (example !== undefined) return example
  if (choices !== undefined) return choices[0]
  switch (type) {
    case 'object': {
      const needed = [...(rest.required ?? []), ...(rest.oneOf?.[0]?.required ?? [])]
      return Object.fromEntries(
        needed.map((name) => [name, sampleOf(rest.properties?.[name] ?? {}, resolve)]),
      )
    }
    case 'array':
      return [sampleOf(items ?? {}, resolve)]
    case 'integer':
      return Math.max(minimum, 1)
    default:
      if (format === 'uuid') return '01a00000-0000-7000-8000-000000000000'
      // A word, where that is allowed.
      if (pattern === undefined || new RegExp(pattern).test('word')) return 'word'
      return fc.sample(fc.stringMatching(new RegExp(pattern)), { seed: 1, numRuns: 1 })[0]
  }
}

function placesOf(schema: Schema, resolve: Resolve): Target['places'] {
  const whole = { pointer: '', body: sampleOf(schema, resolve) }
  const { type, properties = {}, items, oneOf = [] } = resolve(schema)
  if (type === 'array')
    return [
      whole,
      ...placesOf(items ?? {}, resolve).map(({ pointer, body }) => ({
        pointer: `/0${pointer}`,
        body: [body],
      })),
    ]
  if (type !== 'object') return [whole]
  const chosen = new Set(oneOf.flatMap(({ required }) => required))
  return [
    whole,
    ...Object.entries(properties).flatMap(([name, property]) =>
      placesOf(property, resolve).map(({ pointer, body }) => {
        const others = Object.entries(whole.body as object).filter(
          // Of those that exclude each other, the one that is asked for.
          ([other]) => !(chosen.has(name) && chosen.has(other)),
        )
        return { pointer: `/${name}${pointer}`, body: { ...Object.fromEntries(others), [name]: body } }
      }),
    ),
  ]
}

/** The value that a pointer names. */
export const valueAt = (value: unknown, pointer: string): unknown =>
  pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined | null)?.[name], value)

/** JSON in which the value that a pointer names is written as `text`, which need not be JSON. */
export function jsonWith(value: unknown, pointer: string, text: string): string {
  if (pointer === '') return text
  const MARK = '\u0001'
  const copy: unknown = structuredClone(value)
  const names = pointer.split('/').slice(1)
  const last = names.pop() ?? ''
  const holder = names.reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], copy)
  ;(holder as Record<string, unknown>)[last] = MARK
  return JSON.stringify(copy).replace(JSON.stringify(MARK), () => text)
}
