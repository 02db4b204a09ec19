import type { Answer } from '#sources/source.ts'
import { fileAnswers } from './file-answers.ts'
import { recordedAnswers } from './recorded-answers.ts'
import { simulatedJaoAnswers } from './simulated-jao-answers.ts'

/** An answer of an upstream that explode must read the same way as long as its dataset's transform version is the same. */
export interface NamedAnswer {
  dataset: string
  /** Unique in its dataset. */
  name: string
  answer: Answer
}

/** All answers there are; `absent` are the names of recorded ones that are not on this machine. */
export function allAnswers(): { answers: NamedAnswer[]; absent: ReadonlySet<string> } {
  const recorded = recordedAnswers()
  return {
    answers: [...recorded.answers, ...simulatedJaoAnswers(), ...fileAnswers()],
    absent: new Set(recorded.absent),
  }
}
