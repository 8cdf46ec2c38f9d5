import { until } from './poll.ts'

/** A connection that was idle is closed by the API just when it is used again. */
const isReset = (error: unknown) =>
  error instanceof TypeError && /ECONNRESET|other side closed/.test(String(error.cause))

/** The first answer but 503: a busy machine may make a dependency unavailable, and clients ask again, as is said there. */
export const served = (what: string, request: () => Promise<Response>): Promise<Response> =>
  until(what, async () => {
    const response = await request().catch((error: unknown) => {
      if (isReset(error)) return undefined
      throw error
    })
    if (response?.status !== 503) return response
    await response.text()
    return undefined
  })

/** Waits until a process answers at this URL. */
export const answering = (url: string): Promise<true> =>
  until(`${url} to answer`, () =>
    fetch(url).then(
      ({ ok }) => (ok ? true : undefined),
      () => undefined,
    ),
  )
