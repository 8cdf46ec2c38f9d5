import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * The levels above unit tests run on the servers that the global setup starts once for all of them. Files that run in
 * one process share what they load, which takes longer than most of them run.
 */
const level = (name: string, include: string) => ({
  test: {
    name,
    include: [include],
    pool: 'forks' as const,
    isolate: false,
    // A wait gives up sooner, and says for what: this is for a machine on which everything takes its time.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
})

/** Levels run in the order of their names; the one that mostly waits goes first, so that others run beside it. */
class TimeFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isOfTime = ({ project }: TestSpecification) => project.name === 'time'
    const sorted = await super.sort(files)
    return [...sorted.filter(isOfTime), ...sorted.filter((file) => !isOfTime(file))]
  }
}

export default defineConfig({
  test: {
    globalSetup: ['test/harness/global-setup.ts'],
    // Most of the time a test waits for a timer elsewhere: more files than cores run at once.
    maxWorkers: 4,
    sequence: { sequencer: TimeFirst },
    projects: [
      {
        test: {
          name: 'unit',
          // The exhaustive simulations take seconds, and minutes on a busy machine. Files are apart: some replace a module.
          testTimeout: 180_000,
          include: [
            '{workflows,activities,domain,events,read-models,choreography,dispatch,api,workers,console,cli,sandbox,stack,prisma,bench}/**/*.test.ts',
            '*.test.ts',
            'test/{,contract/,nodes/}*.test.ts',
          ],
        },
      },
      level('integration', 'test/integration/**/*.int.test.ts'),
      level('time', 'test/time/**/*.time.test.ts'),
      level('replay', 'test/replay/**/*.replay.test.ts'),
      ...(process.env['RECORD'] === undefined
        ? []
        : [level('record', 'test/{replay,integration/releases}/record.ts')]),
      level('e2e', 'test/e2e/**/*.e2e.test.ts'),
      // The console in a real browser, one system after the other: `npm run test:browser`.
      ...(process.env['BROWSER_TESTS'] === undefined
        ? []
        : [{ test: { ...level('browser', 'test/browser/**/*.browser.test.ts').test, maxWorkers: 1 } }]),
      // Hundreds of orders at once: alone, after the others.
      {
        test: {
          ...level('load', 'test/load/**/*.load.test.ts').test,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
