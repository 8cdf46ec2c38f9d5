import { defineConfig } from 'vitest/config'

/** One project per level; DESIGN of each in docs/architecture.md. */
export default defineConfig({
  test: {
    reporters: ['default'],
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{workflows,activities,domain,api,workers,sandbox,stack,prisma}/**/*.test.ts',
            '*.test.ts',
          ],
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.int.test.ts'],
          globalSetup: ['test/harness/servers.ts'],
          pool: 'forks',
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
