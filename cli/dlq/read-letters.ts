import type { Kafka } from '#platform/kafka/client.ts'
import { readSpan, recordsIn, spanOf } from '#platform/kafka/read-span.ts'
import { stepProgress } from '../step-progress.ts'
import { type Letter, openLetterBox } from './letter.ts'

/** All letters of some dead-letter topics, open or settled, in the order of each topic. Their values are not kept. */
export async function readLetters(kafka: Kafka, topics: readonly string[]): Promise<Letter[]> {
  const letters: Letter[][] = []
  for (const topic of topics) letters.push(await lettersOf(kafka, topic))
  return letters.flat()
}

async function lettersOf(kafka: Kafka, topic: string): Promise<Letter[]> {
  const span = await spanOf(kafka, topic)
  const total = recordsIn(span.values())
  const progress = stepProgress(process.stderr)
  const box = openLetterBox()
  let done = 0
  try {
    await readSpan(kafka, topic, span, (records) => {
      for (const record of records) box.add(record)
      done += records.length
      progress.show(`records of ${topic} read`, done, total)
    })
  } finally {
    progress.stop()
  }
  return box.letters()
}
