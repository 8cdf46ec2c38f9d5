import { useState } from 'react'
import { api } from '../../api.ts'
import { useLack } from '../../identity/principal.tsx'
import { PageHead } from '../../shell/page-head.tsx'
import { Button } from '../../ui/button.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Empty, Read } from '../../ui/states.tsx'
import { KeyTable, type Key } from './key-table.tsx'
import { NewKeyDialog } from './new-key-dialog.tsx'
import { RevokeDialog } from './revoke-dialog.tsx'
import './keys.css'

/** The keys of all clients: makes and revokes them. */
export function Page() {
  const keys = api.useQuery('get', '/keys')
  const why = useLack()('POST /keys')
  const [isMaking, setMaking] = useState(false)
  const [revoking, setRevoking] = useState<Key | undefined>()
  return (
    <>
      <PageHead
        title="Keys"
        lead="A key identifies a client. To replace one, make a second key with the same name and roles, then revoke the first."
      >
        <Button
          look="primary"
          icon="plus"
          disabled={why !== undefined}
          title={why}
          onClick={() => setMaking(true)}
        >
          New key
        </Button>
      </PageHead>
      <Panel
        title="All keys"
        hint="Oldest first. The API keeps only a fingerprint of each, so a key cannot be read again."
      >
        <Read of={keys} lines={6}>
          {({ data }) =>
            data.length === 0 ? (
              <Empty title="No key was made yet.">
                The one that the API was started with is not in this list.
              </Empty>
            ) : (
              <KeyTable keys={data} onRevoke={setRevoking} />
            )
          }
        </Read>
      </Panel>
      {isMaking ? <NewKeyDialog onClose={() => setMaking(false)} /> : undefined}
      {revoking === undefined ? undefined : (
        <RevokeDialog of={revoking} onClose={() => setRevoking(undefined)} />
      )}
    </>
  )
}
