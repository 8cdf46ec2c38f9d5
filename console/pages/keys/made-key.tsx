import type { components } from '../../api-types.ts'
import { Button } from '../../ui/button.tsx'
import { CopyButton } from '../../ui/id.tsx'

interface MadeKeyProps {
  of: components['schemas']['NewKey']
  onClose: () => void
}

export const MadeKey = ({ of: { key, name, roles }, onClose }: MadeKeyProps) => (
  <div className="stack">
    <p>
      A client that sends it acts as <code>key:{name}</code>, with the role {roles.join(', ')}.
    </p>
    <p className="keys-made">
      <code>{key}</code> <CopyButton text={key} what="the key" />
    </p>
    <p>
      <strong>It will not be shown again.</strong> Keep it where secrets are kept.
    </p>
    <div className="actions">
      <Button look="primary" onClick={onClose}>
        I have it
      </Button>
    </div>
  </div>
)
