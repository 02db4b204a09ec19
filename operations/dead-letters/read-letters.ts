import type { Kafka } from '#platform/kafka/client.ts'
import { offsetRange, readSpan, recordsIn } from '#platform/kafka/read-range.ts'
import { type Letter, openLetterBox } from './letter.ts'

/** How far an operation on dead letters is. Counts are records of a dead-letter topic, or letters. */
export type LetterProgress =
  | { step: 'reading'; topic: string; done: number; total: number }
  | { step: 'trying' | 'requeuing'; done: number; total: number }
  /** It waits for another part of the system; `message` says for what. */
  | { step: 'waiting'; message: string }

export type OnProgress = (progress: LetterProgress) => void

/** All letters of some dead-letter topics, open or settled, in the order of each topic. Their values are not kept. */
export async function readLetters(
  kafka: Kafka,
  topics: readonly string[],
  onProgress: OnProgress = () => {},
): Promise<Letter[]> {
  const letters: Letter[][] = []
  for (const topic of topics) {
    const span = await offsetRange(kafka, topic)
    const total = recordsIn(span.values())
    const box = openLetterBox()
    let done = 0
    await readSpan(kafka, topic, span, (records) => {
      for (const record of records) box.add(record)
      done += records.length
      onProgress({ step: 'reading', topic, done, total })
    })
    letters.push(box.letters())
  }
  return letters.flat()
}
