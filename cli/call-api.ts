import process from 'node:process'

const base = process.env['ORDER_SAGA_URL'] ?? 'http://127.0.0.1:3000'
const key = process.env['ORDER_SAGA_KEY']

/** @throws Error with the API's own words when it refuses. */
export async function callApi<T>(
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<T> {
  const response = await fetch(base + path, {
    method,
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new Error(`${base} cannot be reached: set ORDER_SAGA_URL.`)
  })
  if (response.status === 204) return undefined as T
  const answer = (await response.json()) as { code?: string; detail?: string }
  if (response.status === 401) throw new Error(`${answer.detail} Set ORDER_SAGA_KEY to a key of yours.`)
  if (!response.ok) throw new Error(`${response.status} ${answer.code}: ${answer.detail}`)
  return answer as T
}

export const print = (text: string): boolean => process.stdout.write(`${text}\n`)

/** Runs a command to its end: what goes wrong is one line, and an exit code. */
export async function run(command: () => Promise<unknown>): Promise<void> {
  try {
    await command()
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
