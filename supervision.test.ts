import { EventEmitter } from 'node:events'
import { expect, it } from 'vitest'
import { askSupervisor, type ProcessState } from './supervision.ts'

const worker: ProcessState = { name: 'worker-1', pid: 1, restarts: 0, since: '2026-11-27T14:00:00Z' }

/** A process with a channel to a supervisor, as far as asking needs one. */
function supervised() {
  const said: { id: number }[] = []
  const events = new EventEmitter()
  const self = Object.assign(events, {
    connected: true,
    channel: { unref: () => undefined },
    send: (message: { id: number }) => said.push(message),
  }) as unknown as NodeJS.Process
  return { self, said, hear: (message: unknown) => events.emit('message', message) }
}

it('gives each that asks its own answer, and passes over what is none', async () => {
  const { self, said, hear } = supervised()
  const supervisor = askSupervisor(self)
  const [first, second] = [supervisor.list(), supervisor.list()]
  const [one, other] = said.map(({ id }) => id)
  for (const message of ['hello', null, { id: one }, { id: one, processes: [{}] }]) hear(message)
  hear({ id: other, processes: [worker] })
  hear({ id: one, processes: [] })
  expect([await first, await second]).toEqual([[], [worker]])
})

it('has no answer where there is no supervisor', async () => {
  const alone = new EventEmitter() as unknown as NodeJS.Process
  const supervisor = askSupervisor(alone, 600_000)
  supervisor.kill('worker-1')
  expect(await supervisor.list()).toBeUndefined()
})

it('has no answer from a supervisor that is silent for too long, and takes none that comes late', async () => {
  const { self, said, hear } = supervised()
  const supervisor = askSupervisor(self, 1)
  expect(await supervisor.list()).toBeUndefined()
  hear({ id: said[0]?.id, processes: [worker] })
  expect(await supervisor.list()).toBeUndefined()
})
