import { defineConfig } from 'vitest/config'
import { compileCache } from '#local/node-part.ts'

/** Clients of other people, and what examples in other languages need, are installed by `npm run clients` alone. */
const installed = ['test/clients/installed-clients.ts', 'test/examples/examples.test.ts']
const include = process.env.TIDEMARK_CLIENTS === '1' ? installed : ['**/*.test.ts']

export default defineConfig({
  test: {
    include,
    pool: 'forks',
    maxWorkers: 3,
    // The files of a worker share its modules: they load once, and the files take over running parts from each other
    // (test/support/warm-parts.ts).
    isolate: false,
    // Hundreds of commands and services are started: with it each needs half the time until it does anything.
    env: { NODE_COMPILE_CACHE: compileCache(process.env) },
    // A test that waits in vain says so itself; these limits only end what hangs, also on a machine that is busy with other work.
    testTimeout: 120_000,
    hookTimeout: 240_000,
  },
})
