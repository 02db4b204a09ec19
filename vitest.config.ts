import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // The files of a worker share its modules: they load once, and the files take over running parts from each other
    // (test/support/warm-parts.ts).
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
})
