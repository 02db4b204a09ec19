import { test } from 'vitest'

/** True in `npm run faults`: more rounds, more kills, longer waits. */
export const faults = process.env.TIDEMARK_FAULTS === '1'

export const longTest = test.runIf(faults)
