import { test } from 'vitest'

/** Whether this is `npm run faults`: tests do more rounds, kill more often, and wait longer. */
export const faults = process.env.TIDEMARK_FAULTS === '1'

/** A test that takes too long for `npm test`, which counts it as not run: `npm run faults` runs it. */
export const longTest = test.runIf(faults)
