import type { StoreStatement } from '../source.ts'
import { questionStatements } from './questions.ts'
import { sampleStatements } from './samples.ts'
import { summaryStatements } from './summary.ts'

/** Tables and views over the markets of all exchanges. Every source of markets lists the same ones; they run once. */
export const marketStatements: StoreStatement[] = [...sampleStatements, ...summaryStatements, ...questionStatements]
