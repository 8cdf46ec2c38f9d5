import { z } from 'zod'
import { Fault } from '../../faults.ts'
import type { ProviderHttp, ProviderResponse } from '../provider/http.ts'
import type { FeedCursor, ReturnMessages } from '../return/messages.ts'

/** How often the carrier is asked for more, while a return is open. */
const PAUSE_SECONDS = 1

/** A process that asks has it for itself for so long: longer than the carrier has for its answer. */
const CLAIM_SECONDS = 10

/** Pages in a row at most: others of this process have their turn, and a list that never ends is read in bounds. */
const PAGES_MAX = 20

const page = z.object({
  data: z.array(z.unknown()).max(1000),
  /** Where the list goes on. */
  cursor: z.string().max(100),
  hasMore: z.boolean(),
})

const problem = z.object({ code: z.string() })

/** The parcel of another sender may have any reference, and is passed over. */
const parcel = z.object({ reference: z.guid() })

export interface ParcelFeedOptions {
  carrier: ProviderHttp
  messages: ReturnMessages
}

/**
 * Reads the carrier's list of received parcels, page by page, and hands on what it says of returns. It is read from where
 * the last page ended; what is read twice counts once. While no return is open, it is not read.
 */
export function createParcelFeed({ carrier, messages }: ParcelFeedOptions) {
  const read = async (cursor: FeedCursor): Promise<ProviderResponse | undefined> => {
    const path = cursor === null ? '/parcels' : `/parcels?after=${encodeURIComponent(cursor)}`
    const signal = new AbortController().signal
    const answer = await carrier({ method: 'GET', path }, { number: 1, isLocal: false, signal })
    return answer.kind === 'ok' ? answer.effect : undefined
  }
  return {
    /**
     * Reads what there is to read now.
     * @throws Fault when the carrier answers something else: it is asked again.
     */
    async advance(): Promise<void> {
      for (let pages = 1; ; pages += 1) {
        const cursor = await messages.claimParcelFeed(CLAIM_SECONDS)
        if (cursor === undefined) return
        const response = await read(cursor)
        // Away, or not to be called at present: it is asked again when the claim is over.
        if (response === undefined) return
        const { success, data } = page.safeParse(response.body)
        if (!success) {
          await startAgain(cursor, response)
          return
        }
        const ids = data.data.flatMap((each) => parcel.safeParse(each).data?.reference ?? [])
        const isLast = !data.hasMore || data.cursor === cursor || pages >= PAGES_MAX
        await messages.parcelsReceived(ids, data.cursor, isLast ? PAUSE_SECONDS : 0)
        if (isLast) return
      }
    },
  }

  /** A carrier that has lost its list does not know the place: it is read from its beginning. */
  async function startAgain(cursor: FeedCursor, { status, body }: ProviderResponse): Promise<void> {
    if (cursor === null || problem.safeParse(body).data?.code !== 'UNKNOWN_CURSOR')
      throw new Fault('PROVIDER_UNEXPECTED', `the list of received parcels was answered with ${status}`)
    await messages.parcelsReceived([], null, PAUSE_SECONDS)
  }
}

export type ParcelFeed = ReturnType<typeof createParcelFeed>
