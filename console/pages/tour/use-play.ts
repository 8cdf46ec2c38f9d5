import { useCallback, useEffect, useRef, useState } from 'react'
import { client } from '../../api.ts'
import { playOrder, type Frame } from './frames.ts'
import type { Ending, Scene } from './scenes.ts'
import { createStage } from './stage.ts'

export interface Line {
  atMs: number
  text: string
}

export interface Play {
  state: 'idle' | 'playing' | 'over' | 'failed'
  /** The orders of the scene, in the order in which they were placed. */
  ids: string[]
  /** Of the orders that are drawn, in the order of `ids`. */
  frames: readonly (Frame | undefined)[]
  lines: Line[]
  choice: { label: string; press: () => void } | undefined
  /** What the orders that are drawn, and their ledgers, were in the end. */
  ends: readonly Ending[]
  error: unknown
}

const NOTHING: Play = {
  state: 'idle',
  ids: [],
  frames: [],
  lines: [],
  choice: undefined,
  ends: [],
  error: undefined,
}

/** Plays a scene. Leaving the page in the middle of it mends what it has broken. */
export function usePlay(scene: Scene): Play & { start: () => void } {
  const [play, setPlay] = useState(NOTHING)
  const running = useRef<AbortController>(undefined)
  const stop = useCallback(() => running.current?.abort(), [])
  useEffect(() => {
    setPlay(NOTHING)
    return stop
  }, [scene, stop])
  const start = () => {
    stop()
    const ending = new AbortController()
    running.current = ending
    setPlay({ ...NOTHING, state: 'playing' })
    const change = (next: (before: Play) => Partial<Play>) => {
      if (!ending.signal.aborted) setPlay((before) => ({ ...before, ...next(before) }))
    }
    void run(scene, change, ending.signal)
  }
  return { ...play, start }
}

type Change = (next: (before: Play) => Partial<Play>) => void

async function run(scene: Scene, change: Change, signal: AbortSignal): Promise<void> {
  const beganAt = performance.now()
  const { drawn = 1 } = scene
  const ids: string[] = []
  const shown: Promise<void>[] = []
  const show = (at: number, frame: (before: Frame | undefined) => Frame | undefined) =>
    change(({ frames }) => ({
      frames: Array.from({ length: drawn }, (_, index) =>
        index === at ? frame(frames[index]) : frames[index],
      ),
    }))
  const stage = createStage({
    signal,
    onLine: (text) =>
      change(({ lines }) => ({ lines: [...lines, { atMs: performance.now() - beganAt, text }] })),
    onChoice: (label, press) =>
      change(() => ({ choice: label === undefined ? undefined : { label, press } })),
    onPlaced(id) {
      change((before) => ({ ids: [...before.ids, id] }))
      const at = ids.push(id) - 1
      if (at < drawn) shown.push(playOrder(id, (frame) => show(at, () => frame), signal))
    },
  })
  try {
    // What an earlier scene, or another visitor, may have broken.
    await stage.clearFaults()
    await scene.play(stage)
    await Promise.all(shown)
    if (ids.length === 0) throw new Error('The scene has placed no order.')
    const ends: Ending[] = []
    for (const id of ids.slice(0, drawn))
      ends.push({ order: await stage.settled(id), ledger: await stage.ledger(id) })
    // The stream ends with the event that decides the order; the steps after the point of no return end a moment later.
    for (const [at, { order }] of ends.entries())
      show(at, (frame) => (frame === undefined ? undefined : { ...frame, order }))
    change(() => ({ state: 'over', ends }))
  } catch (error) {
    change(() => ({ state: 'failed', error, choice: undefined }))
  } finally {
    await client.DELETE('/development/faults').catch(() => undefined)
  }
}
