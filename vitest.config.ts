import { defineConfig } from 'vitest/config'

/** Clients of other people are installed by `npm run clients` alone. */
const include = process.env.TIDEMARK_CLIENTS === '1' ? ['test/clients/installed-clients.ts'] : ['**/*.test.ts']

export default defineConfig({
  test: { include, pool: 'forks', testTimeout: 30_000, hookTimeout: 120_000, maxWorkers: 2 },
})
