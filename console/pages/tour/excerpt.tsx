import { useState } from 'react'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { excerptOf } from './excerpt.ts'
import { SOURCES } from './sources.ts'

export interface ExcerptProps {
  /** One of `SOURCES`. */
  file: string
  /** How the line begins that is looked for. */
  name: string
}

/** The code that keeps the rule, as it was when the console was built. */
export function Excerpt({ file, name }: ExcerptProps) {
  const [code, setCode] = useState<string | undefined>()
  const open = async () => setCode(excerptOf((await SOURCES[file]?.())?.default ?? '', name))
  return (
    <>
      <Button onClick={() => void open()}>The code of this rule</Button>
      <Dialog title={file} isOpen={code !== undefined} onClose={() => setCode(undefined)}>
        {/* oxlint-disable-next-line no-noninteractive-tabindex -- it scrolls */}
        <pre className="excerpt" tabIndex={0} aria-label={`Code of ${file}`}>
          {code}
        </pre>
      </Dialog>
    </>
  )
}
