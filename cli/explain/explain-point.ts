import type { SourcedDataset } from '#core/datasets.ts'
import type { StackFile } from '#local/stack-file.ts'
import { rawTopic } from '#schemas/topics.ts'
import { connectTo } from '../stack-clients.ts'
import { type Explanation, explanationOf } from './explanation.ts'
import { pointAt } from './point-answers.ts'
import { readRawAnswers } from './raw-answers.ts'
import { unknownPoint } from './unknown-point.ts'

/** What `explain` is asked. Times in ms UTC. */
export interface PointQuestion extends SourcedDataset {
  key: string
  atMs: number
  /** As it was known then; undefined: now. */
  knownByMs: number | undefined
  withBody: boolean
}

/**
 * Asks the store and Kafka where a point's value comes from; commits and changes nothing.
 * @param tell called with how many of the point's raw records are read
 * @throws Problem when no answer named such a point, with what there is instead
 */
export async function explainPoint(
  stack: StackFile,
  { source, dataset, key, atMs, knownByMs, withBody }: PointQuestion,
  tell: (done: number, total: number) => void,
): Promise<Explanation> {
  const point = await pointAt(stack, dataset.name, key, atMs, knownByMs ?? Number.MAX_SAFE_INTEGER)
  if (point === undefined) throw await unknownPoint(stack, dataset.name, key, atMs)
  const topic = rawTopic(source.name).name
  const clients = connectTo(stack, 'explain')
  try {
    const { length } = point.answers
    const raws = await readRawAnswers(clients, topic, dataset.name, point.answers, (done) => tell(done, length))
    return explanationOf({ dataset, key, atMs, knownByMs, topic, withBody }, point, raws)
  } finally {
    await clients.store.close()
  }
}
