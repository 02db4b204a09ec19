import { test } from 'vitest'

/** True in `npm run faults`: more rounds, more kills, longer waits. */
export const faults = process.env.TIDEMARK_FAULTS === '1'

/** A test that only `npm run faults` runs; `npm test` reports it as not run. */
export const longTest = test.runIf(faults)
