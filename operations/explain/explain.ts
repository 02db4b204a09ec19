import type { SourcedDataset } from '#core/datasets.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { UserError } from '#platform/process/user-error.ts'
import { rawTopic } from '#schemas/topics.ts'
import { type Explanation, explanationOf } from './explanation.ts'
import { readRawAnswers } from './raw-records.ts'
import { pointAt, unknownPoint } from './stored-point.ts'

export interface ExplainParts {
  kafka: Kafka
  registry: Registry
  /** Needs to read only. */
  store: Store
}

/** The value that is to be explained. Times in ms UTC. */
export interface ExplainRequest extends SourcedDataset {
  key: string
  atMs: number
  /** As it was known then; undefined: now. */
  knownByMs: number | undefined
  /** With the body of each raw record, and the place of the value in it. */
  withBody: boolean
}

/**
 * Tells where a value comes from: all answers that named its point, and the raw record of each. Commits and changes
 * nothing.
 * @param onProgress called with how many of the point's raw records are read
 * @throws UserError when no answer named such a point, with what there is instead
 */
export async function explainValue(
  { kafka, registry, store }: ExplainParts,
  { source, dataset, key, atMs, knownByMs, withBody }: ExplainRequest,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<Explanation> {
  const point = await pointAt(store, dataset.name, key, atMs, knownByMs ?? Number.MAX_SAFE_INTEGER)
  if (point === undefined) throw await unknownPoint(store, dataset.name, key, atMs)
  const topic = rawTopic(source.name).name
  const { length } = point.answers
  const raws = await readRawAnswers({ kafka, registry }, topic, dataset.name, point.answers, (done) =>
    onProgress(done, length),
  )
  return explanationOf({ dataset, key, atMs, knownByMs, topic, withBody }, point, raws)
}

/**
 * The body of the answer that counts, byte for byte.
 * @param explanation with bodies
 * @throws UserError when nothing was known, or the raw record is not there
 */
export function currentBody({ answers, at }: Explanation): Buffer {
  const raw = answers.find(({ current }) => current)?.raw
  if (raw === undefined) throw new UserError(`Nothing was known at ${at}: there is no body to write.`)
  if (raw.state !== 'here' || raw.body === undefined) {
    throw new UserError(`There is no body to write: the raw record is ${raw.state === 'here' ? 'empty' : raw.why}.`)
  }
  return Buffer.from(raw.body.base64, 'base64')
}
