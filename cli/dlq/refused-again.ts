import type { Kafka } from '#platform/kafka/client.ts'
import { endsOf, groupPasses } from '#platform/kafka/progress.ts'
import type { Letter } from './letter.ts'
import { readLetters } from './read-letters.ts'
import { refusingTopics } from './topics.ts'

/** Looks for what comes back of letters. */
export interface ComebackWatch {
  /**
   * The new letters of those that were sent back since the watch began, when their messages have been handled; undefined
   * when that takes longer than half a minute.
   */
  refusedAgain: (sent: readonly Letter[]) => Promise<Letter[] | undefined>
}

const patienceMs = 30_000

/** Begins to look: what lies on the letters' topics now did not come back later. */
export async function watchComebacks(
  kafka: Kafka,
  letters: readonly Letter[],
  say: (text: string) => void,
): Promise<ComebackWatch> {
  const topics = [...new Set(letters.map(({ topic }) => topic))]
  const before = new Map(await Promise.all(topics.map(async (topic) => [topic, await endsOf(kafka, topic)] as const)))
  return {
    async refusedAgain(sent) {
      const stop = AbortSignal.timeout(patienceMs)
      for (const topic of new Set(sent.map(({ source }) => source?.topic ?? ''))) {
        const refusing = refusingTopics.get(topic)
        if (refusing === undefined) continue
        const group = refusing.topic.record === 'RawResponse' ? 'normalizer' : 'sink'
        if (!(await groupPasses(kafka, group, topic, say, stop))) return undefined
      }
      const ids = new Set(sent.map(({ id }) => id))
      return (await readLetters(kafka, topics)).filter(
        ({ topic, partition, offset, returnOf }) =>
          returnOf !== null && ids.has(returnOf) && offset >= (before.get(topic)?.get(partition) ?? 0),
      )
    },
  }
}
