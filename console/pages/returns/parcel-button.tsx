import { api, client } from '../../api.ts'
import { useLack } from '../../identity/principal.tsx'
import { Button } from '../../ui/button.tsx'
import { useToast } from '../../ui/toast.tsx'
import { useAction } from '../../ui/use-action.ts'

/** Plays the carrier: shown where the API has a route for it, which is in development alone. */
export function ParcelButton({ id }: { id: string }) {
  const lack = useLack()
  const why = lack('GET /development/faults') ?? lack('POST /development/parcels/{reference}/received')
  const { data } = api.useQuery(
    'get',
    '/development/faults',
    {},
    { enabled: why === undefined, refetchInterval: false },
  )
  const toast = useToast()
  const receiving = useAction({
    act: () =>
      client.POST('/development/parcels/{reference}/received', { params: { path: { reference: id } } }),
    done: 'The carrier has received the parcel. The return learns of it within seconds.',
    onDone: () => undefined,
  })
  if (why !== undefined || data === undefined) return null
  return (
    <Button
      isBusy={receiving.isPending}
      disabled={receiving.isSuccess}
      title={receiving.isSuccess ? 'The return learns of it within seconds.' : 'Exists in development only.'}
      onClick={() => receiving.mutate(undefined, { onError: ({ message }) => toast(message, 'failed') })}
    >
      Say that the parcel has arrived
    </Button>
  )
}
