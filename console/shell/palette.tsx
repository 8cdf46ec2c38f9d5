import { useNavigate } from '@tanstack/react-router'
import { useState, type KeyboardEvent } from 'react'
import { useIsStaff, useLack } from '../identity/principal.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { usePages } from './pages.ts'

interface Command {
  title: string
  hint: string
  go: () => unknown
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The command palette: a page by its name, an order, a return or a transfer by its id. */
export function Palette({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog title="Go to" isTitleHidden isOpen={isOpen} onClose={onClose}>
      <PaletteBody onClose={onClose} />
    </Dialog>
  )
}

function PaletteBody({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('')
  const [chosen, setChosen] = useState(0)
  const commands = useCommands(text.trim())
  const run = (command: Command | undefined) => {
    if (command === undefined) return
    onClose()
    void command.go()
  }
  const steer = (event: KeyboardEvent) => {
    if (event.key === 'Enter') run(commands[chosen])
    else if (event.key === 'ArrowDown') setChosen(Math.min(chosen + 1, commands.length - 1))
    else if (event.key === 'ArrowUp') setChosen(Math.max(chosen - 1, 0))
    else return
    event.preventDefault()
  }
  return (
    <>
      <input
        className="input"
        role="combobox"
        aria-label="Page, order id or customer"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={`palette-${chosen}`}
        placeholder="Page, order id or customer"
        autoComplete="off"
        autoFocus
        value={text}
        onKeyDown={steer}
        onChange={(event) => {
          setText(event.target.value)
          setChosen(0)
        }}
      />
      <div id="palette-list" className="palette-list" role="listbox" aria-label="Results">
        {commands.map((command, index) => (
          <div
            key={command.title}
            id={`palette-${index}`}
            className="palette-item"
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            onMouseMove={() => setChosen(index)}
            onClick={() => run(command)}
            onKeyDown={steer}
          >
            <span>{command.title}</span>
            <span className="faint">{command.hint}</span>
          </div>
        ))}
      </div>
    </>
  )
}

function useCommands(text: string): Command[] {
  const navigate = useNavigate()
  const lack = useLack()
  const isStaff = useIsStaff()
  const isAsked = ({ title }: { title: string }) => title.toLowerCase().includes(text.toLowerCase())
  const pages = usePages()
    .filter(isAsked)
    .map(({ to, title, key }) => ({ title, hint: `g ${key}`, go: () => navigate({ to }) }))
  if (UUID.test(text)) {
    const id = text.toLowerCase()
    return [
      { title: `Order ${id}`, hint: 'by id', go: () => navigate({ to: '/orders/$id', params: { id } }) },
      { title: `Return ${id}`, hint: 'by id', go: () => navigate({ to: '/returns/$id', params: { id } }) },
      {
        title: `Transfer ${id}`,
        hint: 'by id',
        go: () => navigate({ to: '/transfers/$id', params: { id } }),
      },
    ]
  }
  const place = { title: 'Place an order', hint: 'new', go: () => navigate({ to: '/orders/new' }) }
  const extra = lack('POST /orders') === undefined && isAsked(place) ? [place] : []
  const byCustomer =
    isStaff && /^[A-Za-z0-9_-]{1,64}$/.test(text)
      ? [
          {
            title: `Orders of customer ${text}`,
            hint: 'search',
            go: () => navigate({ to: '/orders', search: { customerId: text } }),
          },
        ]
      : []
  return [...pages, ...extra, ...byCustomer]
}
