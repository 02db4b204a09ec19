import { test } from 'vitest'

/** True in `npm run faults`, where tests have more rounds, more kills and longer waits. */
export const faults = process.env.TIDEMARK_FAULTS === '1'

export const longTest = test.runIf(faults)
