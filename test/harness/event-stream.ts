/** An event of a stream, as its client gets it. */
export interface Sent<Data> {
  id: string
  event: string
  data: Data
}

/** Reads a stream until it ends, or `enough` says so. */
export async function readStream<Data>(
  url: string,
  {
    lastEventId,
    enough = () => false,
  }: { lastEventId?: string; enough?: (sent: Sent<Data>[]) => boolean } = {},
): Promise<{ status: number; type: string | null; sent: Sent<Data>[]; hasEnded: boolean }> {
  const aborter = new AbortController()
  const response = await fetch(url, {
    headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
    signal: aborter.signal,
  })
  const sent: Sent<Data>[] = []
  const type = response.headers.get('content-type')
  let rest = ''
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const blocks = (rest + chunk).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const field = (name: string) =>
        block
          .split('\n')
          .find((line) => line.startsWith(`${name}:`))
          ?.slice(name.length + 1)
          .trim()
      const data = field('data')
      if (data === undefined) continue
      sent.push({ id: field('id') ?? '', event: field('event') ?? '', data: JSON.parse(data) as Data })
    }
    if (enough(sent)) {
      aborter.abort()
      return { status: response.status, type, sent, hasEnded: false }
    }
  }
  return { status: response.status, type, sent, hasEnded: true }
}
