import { type DeadLetter, openDeadLetterCollector } from '#core/dead-letter.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { offsetRange, readRanges, recordsIn } from '#platform/kafka/read-range.ts'

/** Progress of a command. `done` and `total` count records of the topic in step `reading`, else dead letters. */
export type LetterProgress =
  | { step: 'reading'; topic: string; done: number; total: number }
  | { step: 'trying' | 'requeuing'; done: number; total: number }
  | { step: 'waiting'; message: string }

export type OnProgress = (progress: LetterProgress) => void

/** Returns all dead letters of the topics, also requeued and dropped ones, but without their values. */
export async function readLetters(
  kafka: Kafka,
  topics: readonly string[],
  onProgress: OnProgress = () => {},
): Promise<DeadLetter[]> {
  const letters: DeadLetter[][] = []
  for (const topic of topics) {
    const span = await offsetRange(kafka, topic)
    const total = recordsIn(span.values())
    const box = openDeadLetterCollector()
    let done = 0
    await readRanges(kafka, topic, span, (records) => {
      for (const record of records) box.add(record)
      done += records.length
      onProgress({ step: 'reading', topic, done, total })
    })
    letters.push(box.letters())
  }
  return letters.flat()
}
