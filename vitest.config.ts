import { defineConfig } from 'vitest/config'
import { compileCache } from '#local/node-part.ts'

/** Only `npm run clients` runs these tests: they install third-party clients and packages of other languages. */
const installed = ['test/clients/api-clients.ts', 'test/clients/installed-clients.ts', 'test/examples/examples.test.ts']
const include = process.env.TIDEMARK_CLIENTS === '1' ? installed : ['**/*.test.ts']

export default defineConfig({
  test: {
    include,
    pool: 'forks',
    maxWorkers: 3,
    // The test files of a worker share modules. They load once, and a file takes over the running broker and registry
    // of the file before (test/support/warm-parts.ts).
    isolate: false,
    // Tests start hundreds of commands and services. With Node's compile cache each starts in half the time.
    env: { NODE_COMPILE_CACHE: compileCache(process.env) },
    // Limits for a test that hangs, ms. A test that waits for a condition has its own, shorter timeout.
    testTimeout: 120_000,
    hookTimeout: 240_000,
    // Vitest waits a second for a condition, which a busy machine does not keep.
    expect: { poll: { timeout: 30_000 } },
  },
})
