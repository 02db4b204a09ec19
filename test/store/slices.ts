import { insert, type Store } from '#platform/clickhouse/client.ts'
import type { AcceptedAnswer, TimeseriesSlice } from '#schemas/generated/records.ts'
import { acceptedAnswersTable, slicesTable } from '#schemas/tables.ts'

/** A slice for a test. Times are ISO text, UTC by default. */
export interface SliceFields {
  /** The request identity. Default: 0, as in slices of older releases. */
  identity?: number
  dataset?: string
  key?: string
  start: string
  /** End of the window. Default: the end of the values. */
  windowEnd?: string
  stepS?: number
  values: (number | null)[]
  knownAt: string
  transformVersion?: number
  flags?: string[]
}

export function slice(told: SliceFields): TimeseriesSlice {
  const start = Date.parse(told.start)
  const step = told.stepS ?? 3600
  return {
    dataset: told.dataset ?? 'test.hourly',
    key: told.key ?? 'border_AT_BE',
    windowStart: start,
    windowEnd: told.windowEnd === undefined ? start + told.values.length * step * 1000 : Date.parse(told.windowEnd),
    start,
    step,
    values: told.values,
    knownAt: Date.parse(told.knownAt),
    upstreamModifiedAt: null,
    transformVersion: told.transformVersion ?? 1,
    unit: 'MW',
    flags: told.flags ?? [],
    origin: 'simulated',
    raw: { partition: 0, offset: 7 },
    identity: told.identity ?? 0,
  }
}

export async function insertSlices(store: Store, slices: TimeseriesSlice[]): Promise<void> {
  const { table, columns, row } = slicesTable
  await insert(store, table, columns, slices.map(row))
}

/** An accepted answer for a test. Times are ms UTC. */
export type AcceptedAnswerFields = Pick<
  AcceptedAnswer,
  'dataset' | 'identity' | 'windowStart' | 'windowEnd' | 'knownAt' | 'transformVersion'
> &
  Partial<AcceptedAnswer>

export const acceptedAnswer = (told: AcceptedAnswerFields): AcceptedAnswer => ({
  requestIdentity: `${told.dataset}/${told.identity}`,
  selector: null,
  points: 1,
  keys: 1,
  contentHash: '',
  replaces: true,
  raw: { partition: 0, offset: 7 },
  ...told,
})

export async function insertAnswers(store: Store, answers: AcceptedAnswer[]): Promise<void> {
  const { table, columns, row } = acceptedAnswersTable
  await insert(store, table, columns, answers.map(row))
}

export async function lines(store: Store, query: string, parameters: Record<string, unknown> = {}): Promise<string[]> {
  const result = await store.query({ query, query_params: parameters, format: 'TabSeparated' })
  return (await result.text()).split('\n').slice(0, -1)
}
