import { describe, expect, it } from 'vitest'
import { createWakes } from './wakes.ts'

const idle = () => true
const busy = () => false

describe('a wake', () => {
  it('ends every wait that is open, and no later one', () => {
    const wakes = createWakes(idle)
    const [first, second] = [wakes.beginWait(), wakes.beginWait()]
    expect([first.isWoken(), second.isWoken()]).toEqual([false, false])
    wakes.wake()
    expect([first.isWoken(), second.isWoken()]).toEqual([true, true])
    expect(wakes.takePending()).toBe(false)
    expect(wakes.beginWait().isWoken()).toBe(false)
  })

  it('that finds no wait open is kept for the next one, once', () => {
    const wakes = createWakes(idle)
    wakes.beginWait().end()
    wakes.wake()
    wakes.wake()
    expect([wakes.takePending(), wakes.takePending()]).toEqual([true, false])
  })

  it('that arrives while work is in progress is kept too, since the work may have read the row before it changed', () => {
    const wakes = createWakes(busy)
    const wait = wakes.beginWait()
    wakes.wake()
    expect([wait.isWoken(), wakes.takePending()]).toEqual([true, true])
  })
})
