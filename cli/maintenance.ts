import { program } from 'commander'
import { callApi, print, run } from './call-api.ts'

interface Maintenance {
  intake: string
  breakers: Record<string, string>
  pausedSteps: string[]
  reason: string | null
}

const show = ({ intake, breakers, pausedSteps, reason }: Maintenance): void => {
  print(`intake        ${intake}`)
  for (const [provider, state] of Object.entries(breakers)) print(`breaker       ${provider} ${state}`)
  print(`paused steps  ${pausedSteps.length === 0 ? 'none' : pausedSteps.join(', ')}`)
  if (reason !== null) print(`reason        ${reason}`)
}

program.name('npm run maintenance --').description('What is held up: intake, providers, steps.')

program
  .command('show')
  .description('what is held up now, and why')
  .action(async () => show(await callApi('GET', '/operations/maintenance')))

program
  .command('set')
  .description('changes what is named; the rest stays as it is')
  .option('--intake <state>', 'open or paused')
  .option('--breaker <provider=state...>', 'open (do not call it) or auto, e.g. payment=open')
  .option('--paused-steps [names...]', 'the steps that are paused from now on; without a name, none')
  .requiredOption('--reason <text>', 'why, for the record')
  .action(async ({ intake, breaker, pausedSteps, reason }: Options) => {
    const body = {
      intake,
      breakers: breaker === undefined ? undefined : Object.fromEntries(breaker.map(asEntry)),
      pausedSteps: pausedSteps === true ? [] : pausedSteps,
      reason,
    }
    show(await callApi('PUT', '/operations/maintenance', body))
  })

interface Options {
  intake?: string
  breaker?: string[]
  pausedSteps?: string[] | true
  reason: string
}

/** @throws Error for what is not `provider=state`. */
function asEntry(text: string): [string, string] {
  const [provider = '', state] = text.split('=')
  if (state === undefined) throw new Error(`${text} is not of the form provider=state.`)
  return [provider, state]
}

await run(() => program.parseAsync())
