import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { Button } from '../../ui/button.tsx'

const UUID = '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}'

/** To one order, by its id. */
export function GoToOrder() {
  const navigate = useNavigate()
  const [text, setText] = useState('')
  return (
    <form
      className="orders-go"
      onSubmit={(event) => {
        event.preventDefault()
        void navigate({ to: '/orders/$id', params: { id: text.trim().toLowerCase() } })
      }}
    >
      <input
        className="input mono"
        aria-label="Order id"
        placeholder="Order id"
        autoComplete="off"
        spellCheck={false}
        required
        pattern={` *${UUID} *`}
        title="An order id is a UUID: 8-4-4-4-12 hexadecimal digits"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <Button type="submit">Open</Button>
    </form>
  )
}
