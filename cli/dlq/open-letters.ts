import { createKafka, type Kafka } from '#platform/kafka/client.ts'
import { recordsIn, spanOf } from '#platform/kafka/read-span.ts'
import { kafkaSettings, readConfig } from '#platform/process/config.ts'
import { groupsOf } from './groups.ts'
import { readLetters } from './read-letters.ts'
import { deadLetterTopics } from './topics.ts'

/** Open dead letters of one kind; without a reason, records of a topic that holds too many to be read just for this. */
export interface OpenLetters {
  reason: string | null
  dataset: string | null
  letters: number
  /** Where they lie. */
  topic: string
}

/** Of one topic; reading more takes seconds. */
const mostRead = 20_000

/** The open dead letters of a stack by reason, dataset and topic. @throws when the broker does not answer */
export async function openLetters(brokers: string, environment: NodeJS.ProcessEnv): Promise<OpenLetters[]> {
  const kafka = createKafka(readConfig(kafkaSettings, { ...environment, KAFKA_BROKERS: brokers }), 'tidemark-status')
  const found = await Promise.all([...deadLetterTopics.values()].map((topic) => openIn(kafka, topic)))
  return found.flat().toSorted((one, other) => other.letters - one.letters)
}

async function openIn(kafka: Kafka, topic: string): Promise<OpenLetters[]> {
  const records = recordsIn((await spanOf(kafka, topic)).values())
  if (records === 0) return []
  if (records > mostRead) return [{ reason: null, dataset: null, letters: records, topic }]
  const open = (await readLetters(kafka, [topic])).filter(({ decision }) => decision === undefined)
  return groupsOf(open).map(({ reason, dataset, letters }) => ({ reason, dataset, letters, topic }))
}
