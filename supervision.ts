import { z } from 'zod'

/**
 * What a process may ask of its supervisor, over the IPC channel that Node opens between the two. The supervisor alone
 * knows which processes there are, and kills none but those.
 */
export const question = z.discriminatedUnion('ask', [
  z.object({ ask: z.literal('list'), id: z.int() }),
  z.object({ ask: z.literal('kill'), name: z.string() }),
])

const processState = z.object({
  name: z.string(),
  /** Null while it is down. */
  pid: z.int().nullable(),
  restarts: z.int(),
  /** When it came up, or went down. */
  since: z.iso.datetime(),
})
export type ProcessState = z.infer<typeof processState>

const answer = z.object({ id: z.int(), processes: z.array(processState) })
export type SupervisorAnswer = z.infer<typeof answer>

/** The exit code of a process that cannot work as it is set up (EX_CONFIG of sysexits.h): it is not started again. */
export const UNUSABLE = 78

/** The supervisor, as one of its processes sees it. */
export interface Supervisor {
  /** Undefined when none answers. */
  list(): Promise<readonly ProcessState[] | undefined>
  /** With SIGKILL; also the process that asks for it. */
  kill(name: string): void
}

/** The supervisor answers from memory: one that takes longer is not there, or stopped. */
const ANSWER_MS = 2000

/** @param self the process that is supervised, or is not: then there is no answer. */
export function askSupervisor(self: NodeJS.Process, answerMs = ANSWER_MS): Supervisor {
  const waiting = new Map<number, (processes: readonly ProcessState[]) => void>()
  let asked = 0
  self.on('message', (message) => {
    const { data } = answer.safeParse(message)
    if (data !== undefined) waiting.get(data.id)?.(data.processes)
  })
  // It keeps no process alive that has nothing else to do.
  self.channel?.unref()
  // A supervisor that has gone is seen by its silence.
  const say = (what: z.infer<typeof question>) => self.send?.(what, undefined, undefined, () => undefined)
  return {
    async list() {
      asked += 1
      const id = asked
      const timer = AbortSignal.timeout(answerMs)
      const answered = new Promise<readonly ProcessState[] | undefined>((resolve) => {
        waiting.set(id, resolve)
        timer.addEventListener('abort', () => resolve(undefined))
        if (!self.connected) resolve(undefined)
      })
      say({ ask: 'list', id })
      return answered.finally(() => waiting.delete(id))
    },
    kill: (name) => void say({ ask: 'kill', name }),
  }
}
