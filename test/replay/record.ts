import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { expect, it } from 'vitest'
import { startSystem } from '../harness/start.ts'
import { HISTORIES, OUTCOMES } from './outcomes.ts'

const missing = OUTCOMES.filter(({ name }) => !existsSync(path.join(HISTORIES, `${name}.json`)))

it.each(missing)(
  'records $name',
  async (outcome) => {
    const { name, status, options } = outcome
    const system = await startSystem(options)
    try {
      const id = await outcome.act(system)
      const workflow = system.client.workflow.getHandle(`${outcome.kind ?? 'order'}-${id}`)
      await workflow.result()
      const saga = await system.db.saga.findUniqueOrThrow({ where: { id } })
      expect(saga.status).toBe(status)
      const { events } = JSON.parse(historyToJSON(await workflow.fetchHistory())) as {
        events: { eventType: string }[]
      }
      expect(events.at(-1)?.eventType).toBe('EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED')
      await mkdir(HISTORIES, { recursive: true })
      const file = path.join(HISTORIES, `${name}.json`)
      await writeFile(file, `${JSON.stringify({ events: withoutHosts(events) }, null, 1)}\n`)
    } finally {
      await system.close()
    }
  },
  180_000,
)

it('has a history of every outcome', () => {
  expect(OUTCOMES.every(({ name }) => existsSync(path.join(HISTORIES, `${name}.json`)))).toBe(true)
})

/** Which process on which machine did it is of no use to a replay. */
function withoutHosts(value: unknown): unknown {
  const text = JSON.stringify(value).replaceAll(os.hostname(), 'host')
  return JSON.parse(text, (name, member: unknown) => (name === 'identity' ? 'worker' : member)) as unknown
}
