import { defineConfig } from 'vitest/config'

/** Clients of other people are installed by `npm run clients` alone. */
const include = process.env.TIDEMARK_CLIENTS === '1' ? ['test/clients/installed-clients.ts'] : ['**/*.test.ts']

export default defineConfig({
  test: {
    include,
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
