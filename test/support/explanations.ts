import { explanationOf } from '#operations/explain/explanation.ts'
import type { FoundRaw } from '#operations/explain/raw-records.ts'
import type { PointAnswer, ReplacingAnswer } from '#operations/explain/stored-point.ts'
import type { Dataset } from '#sources/source.ts'

/** Returns an instant in November 2026, ms: at('20T01:00'). */
export const at = (text: string) => Date.parse(`2026-11-${text}Z`)
export const dataset = { name: 'a.b.c', unit: 'MW', transformVersion: 2, calendar: { kind: 'days' } } as Dataset

export const answer = (value: number | null, known: string, over: Partial<PointAnswer> = {}): PointAnswer => ({
  ...{ value, knownAtMs: at(known), transformVersion: 2, stepS: 3600, flags: [], origin: 'simulated' },
  ...{ windowStartMs: at('20T23:00'), windowEndMs: at('21T23:00'), upstreamModifiedAtMs: null },
  ...{ rawPartition: 1, rawOffset: 5, identity: 7, ...over },
})
export const gone: FoundRaw = { state: 'deleted', why: 'deleted: it begins at 7' }
export const asked = {
  ...{ dataset, key: 'k', atMs: at('21T00:10'), knownByMs: undefined as number | undefined },
  ...{ topic: 'a.raw', withBody: false },
}
/** Explains the point at 21T00:00. By default the raw records of all answers are deleted. */
export const explain = (
  answers: PointAnswer[],
  raws: FoundRaw[] = answers.map(() => gone),
  over: Partial<typeof asked> = {},
  replacing: ReplacingAnswer[] = [],
) => explanationOf({ ...asked, ...over }, { tsMs: at('21T00:00'), answers, replacing }, raws)

/** Three answers that name a point. They have two request identities. */
export const named = [answer(10, '20T01:00'), answer(10, '20T04:00'), answer(20, '20T05:00', { identity: 8 })]
/** Every answer of the request identities in `named`, also answers that do not name the point. */
export const allAnswers: ReplacingAnswer[] = [
  ['20T01:00', 7, 3],
  ['20T02:00', 7, 4],
  ['20T03:00', 7, 5],
  ['20T04:00', 7, 6],
  ['20T05:00', 8, 7],
  ['20T06:00', 7, 8],
].map(([known, identity, rawOffset]) => {
  const place = { rawPartition: 1, rawOffset: Number(rawOffset) }
  return { identity: Number(identity), knownAtMs: at(`${known}`), transformVersion: 2, ...place }
})
