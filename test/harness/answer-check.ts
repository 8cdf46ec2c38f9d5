import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { RequestHandler, Response } from 'express'
import type { createDocument } from '../../api/document.ts'

type Document = ReturnType<typeof createDocument>

interface Operation {
  method: string
  /** Matches the paths that it answers. */
  path: RegExp
  /** By status, and by the media type of its content. Compiled when one is first needed. */
  answers: Map<string, Map<string, () => ValidateFunction>>
}

/** What is compiled of a document is compiled once, for all systems of this process. */
const compiled = new WeakMap<Document, Operation[]>()

/**
 * Holds every answer of an API against the document that it publishes: the status, the media type, and the JSON. What
 * does not fit is kept until the system is closed.
 */
export function createAnswerCheck(document: Document) {
  const operations = compiled.get(document) ?? operationsOf(document)
  compiled.set(document, operations)
  const drift = new Set<string>()
  const middleware: RequestHandler = (request, response, next) => {
    const { path } = request
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const operation = operations.find((each) => each.method === method && each.path.test(path))
    if (operation !== undefined)
      captureBody(response, (body) => {
        const fault = faultOf(operation, response, body, request.method === 'HEAD')
        if (fault !== undefined) drift.add(`${request.method} ${operation.path.source}: ${fault}`)
      })
    next()
  }
  return {
    middleware,
    /** @throws Error when an answer did not fit the document. */
    requireNone() {
      if (drift.size > 0)
        throw new Error(`Answers that the document does not have:\n${[...drift].join('\n')}`)
    },
  }
}

function operationsOf(document: Document): Operation[] {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  // @ts-expect-error -- The package is CommonJS, and its default export is typed as if it were not.
  addFormats(ajv)
  ajv.addSchema({ ...document, $id: 'document' })
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item as Record<string, { responses: Record<string, { content?: object }> }>).map(
      ([method, { responses }]) => ({
        method: method.toUpperCase(),
        path: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
        answers: new Map(
          Object.entries(responses).map(([status, { content = {} }]) => [
            status,
            new Map(
              Object.keys(content).map((type) => {
                const place = `paths/${part(path)}/${method}/responses/${status}/content/${part(type)}/schema`
                return [type, () => validatorOf(ajv, `document#/${place}`)]
              }),
            ),
          ]),
        ),
      }),
    ),
  )
}

const validatorOf = (ajv: Ajv2020, reference: string): ValidateFunction => {
  const validate = ajv.getSchema(reference)
  if (validate === undefined) throw new Error(`The document has nothing at ${reference}`)
  return validate
}

/** A part of a JSON pointer, as part of an URI. */
const part = (text: string) => encodeURIComponent(text.replaceAll('~', '~0').replaceAll('/', '~1'))

function faultOf(
  { answers }: Operation,
  response: Response,
  body: string,
  isHead: boolean,
): string | undefined {
  // No operation of this path: the method is another's.
  if (response.statusCode === 405) return undefined
  const content = answers.get(String(response.statusCode))
  if (content === undefined) return `status ${response.statusCode}: ${body.slice(0, 200)}`
  const type = String(response.getHeader('content-type') ?? '').split(';')[0] ?? ''
  const validatorOfType = content.get(type)
  if (validatorOfType === undefined)
    return content.size === 0 && body === '' ? undefined : `media type ${type}`
  if (isHead || !type.endsWith('json')) return undefined
  const validate = validatorOfType()
  return validate(JSON.parse(body))
    ? undefined
    : `${JSON.stringify(validate.errors?.slice(0, 3))} in ${body.slice(0, 300)}`
}

/** JSON is sent in one go. */
function captureBody(response: Response, done: (body: string) => void): void {
  let body = ''
  const end = response.end.bind(response) as (...args: unknown[]) => Response
  response.end = ((chunk: unknown, ...rest: unknown[]) => {
    if (typeof chunk === 'string' || Buffer.isBuffer(chunk)) body = chunk.toString()
    done(body)
    return end(chunk, ...rest)
  }) as typeof response.end
}
