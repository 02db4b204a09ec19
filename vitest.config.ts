import { defineConfig } from 'vitest/config'
import { compileCache } from './infra/local/node-part.ts'

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // Hundreds of commands and services are started: with it each needs half the time until it does anything.
    env: { NODE_COMPILE_CACHE: compileCache(process.env) },
  },
})
