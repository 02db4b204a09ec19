import type { Answer } from '#sources/source.ts'
import { fileAnswers } from './file-answers.ts'
import { jaoAnswers } from './jao-answers.ts'
import { madeMarketAnswers, recordedMarketAnswers } from './market-answers.ts'
import type { ReadByHand } from './read-by-hand.ts'
import { recordedAnswers } from './recorded-answers.ts'
import { sampleAnswers } from './sample-answers.ts'
import { simulatedJaoAnswers } from './simulated-jao-answers.ts'

/** An answer for a test. Explode's result for it may change only with the dataset's transform version. */
export interface NamedAnswer {
  dataset: string
  name: string
  answer: Answer
  told?: ReadByHand
}

/** Returns all answers. `absent` are the names of recorded answers that are not on this machine. */
export function allAnswers(): { answers: NamedAnswer[]; absent: ReadonlySet<string> } {
  const recorded = [recordedAnswers(), recordedMarketAnswers()]
  return {
    answers: [
      ...recorded.flatMap(({ answers }) => answers),
      ...simulatedJaoAnswers(),
      ...jaoAnswers(),
      ...madeMarketAnswers(),
      ...fileAnswers(),
      ...sampleAnswers(),
    ],
    absent: new Set(recorded.flatMap(({ absent }) => absent)),
  }
}
