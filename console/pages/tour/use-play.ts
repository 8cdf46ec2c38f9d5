import { useCallback, useEffect, useRef, useState } from 'react'
import { client, type Order } from '../../api.ts'
import { playOrder, type Frame } from './frames.ts'
import type { Scene } from './scenes.ts'
import { createStage, type Ledger } from './stage.ts'

export interface Line {
  atMs: number
  text: string
}

export interface Play {
  state: 'idle' | 'playing' | 'over' | 'failed'
  /** The orders of the scene, in the order in which they were placed. */
  ids: string[]
  frame: Frame | undefined
  lines: Line[]
  choice: { label: string; press: () => void } | undefined
  /** What the order and the ledgers were in the end. */
  end: { order: Order; ledger: Ledger } | undefined
  error: unknown
}

const NOTHING: Play = {
  state: 'idle',
  ids: [],
  frame: undefined,
  lines: [],
  choice: undefined,
  end: undefined,
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
  let first: string | undefined
  let shown: Promise<void> | undefined
  const stage = createStage({
    signal,
    onLine: (text) =>
      change(({ lines }) => ({ lines: [...lines, { atMs: performance.now() - beganAt, text }] })),
    onChoice: (label, press) =>
      change(() => ({ choice: label === undefined ? undefined : { label, press } })),
    onPlaced(id) {
      change(({ ids }) => ({ ids: [...ids, id] }))
      if (first !== undefined) return
      first = id
      shown = playOrder(id, (frame) => change(() => ({ frame })), signal)
    },
  })
  try {
    // What an earlier scene, or another visitor, may have broken.
    await stage.clearFaults()
    await scene.play(stage)
    await shown
    if (first === undefined) throw new Error('The scene has placed no order.')
    const [order, ledger] = [await stage.settled(first), await stage.ledger(first)]
    // The stream ends with the event that decides the order; the steps after the point of no return end a moment later.
    change(({ frame }) => ({
      state: 'over',
      end: { order, ledger },
      frame: frame === undefined ? undefined : { ...frame, order },
    }))
  } catch (error) {
    change(() => ({ state: 'failed', error, choice: undefined }))
  } finally {
    await client.DELETE('/development/faults').catch(() => undefined)
  }
}
