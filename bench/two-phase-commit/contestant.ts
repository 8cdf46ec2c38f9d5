import { fork } from 'node:child_process'
import path from 'node:path'
import type { Answer, Job } from './jobs.ts'

/** A contestant's process, seen from its parent. */
export interface ContestantProcess {
  /** Asks for a job. @returns the first answer of this type. @throws Error when the job fails or the process ends. */
  ask<T extends Answer['type']>(
    job: Job,
    type: T,
    onMeasuring?: () => void,
  ): Promise<Extract<Answer, { type: T }>>
  /** SIGKILL, and the end of the process. */
  kill(): Promise<void>
}

/** No job takes longer: a process that is this late is killed, and its job fails. */
const JOB_TIMEOUT_MS = 120_000

export function startContestant(): ContestantProcess {
  const child = fork(path.join(import.meta.dirname, 'process.ts'), { execArgv: ['--import', 'tsx'] })
  const hasEnded = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    ask: (job, type, onMeasuring) =>
      new Promise((resolve, reject) => {
        const settle = (end: () => void) => {
          clearTimeout(late)
          child.off('message', onAnswer).off('exit', onExit)
          end()
        }
        const onExit = () =>
          settle(() => reject(new Error(`The process of ${job.contestant} ended in a job.`)))
        const onAnswer = (answer: Answer) => {
          if (answer.type === 'measuring') onMeasuring?.()
          if (answer.type === 'failed') settle(() => reject(new Error(answer.message)))
          if (answer.type === type) settle(() => resolve(answer as Extract<Answer, { type: typeof type }>))
        }
        const late = setTimeout(() => child.kill('SIGKILL'), JOB_TIMEOUT_MS)
        child.on('message', onAnswer).on('exit', onExit)
        child.send(job)
      }),
    async kill() {
      child.kill('SIGKILL')
      await hasEnded
    },
  }
}
