import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // The files of a worker share its modules: they load once, and the files take over running parts from each other
    // (test/support/warm-parts.ts).
    isolate: false,
    // A test that waits in vain says so itself; these limits only end what hangs, also on a machine that is busy with other work.
    testTimeout: 120_000,
    hookTimeout: 240_000,
  },
})
