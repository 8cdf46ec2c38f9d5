import type { Logger } from 'pino'
import type { createPersonalData } from '../../domain/customer/personal-data.ts'
import { endpoint, type Endpoint } from '../endpoint.ts'
import { holds } from '../identity/principal.ts'
import { ACCEPTED, accepted, customerId } from '../parts.ts'
import { HttpProblem } from '../problem.ts'
import { reason } from '../text.ts'
import { z } from '../zod.ts'

const erasureRequest = z.strictObject({ reason }).openapi('ErasureRequest')

export interface PersonalDataResources {
  personalData: ReturnType<typeof createPersonalData>
  log: Logger
}

export function personalDataEndpoints({ personalData, log }: PersonalDataResources): Endpoint[] {
  return [
    endpoint({
      method: 'delete',
      path: '/customers/{id}/personal-data',
      summary: 'Erase what is personal of a customer',
      params: z.object({ id: customerId }),
      body: erasureRequest,
      answers: {
        202: {
          description:
            'Noted: addresses, payment tokens, the words of cancels and the reasons of operators are erased within a minute, those of an open order when it has ended. Orders placed later are not covered.',
          schema: accepted,
        },
      },
      async handle({ params: { id }, principal }) {
        // Customers ask for their own; so do those who are of the staff besides, unless they may ask for anybody's.
        if (!holds(principal, 'admin') && principal.customerId !== id) throw new HttpProblem('NOT_FOUND')
        await personalData.wishErasure(id)
        // A database that is restored from a backup has forgotten it, and the log has not.
        log.info({ customerId: id }, 'the personal data of a customer will be erased')
        return ACCEPTED
      },
    }),
  ]
}
