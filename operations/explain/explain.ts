import type { SourcedDataset } from '#core/datasets.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import { UserError } from '#platform/process/user-error.ts'
import { rawTopic } from '#schemas/topics.ts'
import { type Explanation, explanationOf } from './explanation.ts'
import { type RawReader, readRawAnswers } from './raw-records.ts'
import { pointAt, unknownPoint } from './stored-point.ts'

export interface ExplainParts extends RawReader {
  store: Store
}

/** Times in ms UTC. */
export interface ExplainRequest extends SourcedDataset {
  key: string
  atMs: number
  /** Knowledge time: answers that became known later do not count. undefined: all answers count. */
  knownByMs: number | undefined
  withBody: boolean
}

/**
 * Finds every answer that contained a point, and the answer's raw record. Commits no offsets and writes nothing.
 * @throws UserError if no answer contained the point; its message names similar keys or the nearest times
 */
export async function explainValue(
  parts: ExplainParts,
  { source, dataset, key, atMs, knownByMs, withBody }: ExplainRequest,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<Explanation> {
  const point = await pointAt(parts.store, dataset.name, key, atMs, knownByMs ?? Number.MAX_SAFE_INTEGER)
  if (point === undefined) throw await unknownPoint(parts.store, dataset.name, key, atMs)
  const topic = rawTopic(source.name).name
  const { length } = point.answers
  const raws = await readRawAnswers(parts, topic, dataset.name, point.answers, (done) => onProgress(done, length))
  return explanationOf({ dataset, key, atMs, knownByMs, topic, withBody }, point, raws)
}

/** Returns the response body of the answer that gave the value. @throws UserError if there is no such body */
export function currentBody({ answers, at }: Explanation): Buffer {
  const raw = answers.find(({ current }) => current)?.raw
  if (raw === undefined) throw new UserError(`Nothing was known at ${at}: there is no body to write.`)
  if (raw.state !== 'here' || raw.body === undefined) {
    throw new UserError(`There is no body to write: the raw record is ${raw.state === 'here' ? 'empty' : raw.why}.`)
  }
  return Buffer.from(raw.body.base64, 'base64')
}
