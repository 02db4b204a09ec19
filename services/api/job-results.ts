// What the results of jobs look like for clients: instants are ISO 8601 in UTC, as everywhere in the API.
import type { DatasetDiff } from '#operations/history/stage.ts'
import type { Replay } from '#schemas/generated/records.ts'

export const shownReplay = ({ windowFrom, windowTo, startedAt, at, ...rest }: Replay) => ({
  ...rest,
  windowFrom: windowFrom === null ? null : iso(windowFrom),
  windowTo: windowTo === null ? null : iso(windowTo),
  ...{ startedAt: iso(startedAt), at: iso(at) },
})

export const shownDryRun = <Diff extends Pick<DatasetDiff, 'comparison'>>(diff: Diff): Diff => ({
  ...diff,
  comparison: {
    ...diff.comparison,
    largest: diff.comparison.largest.map((point) => ({
      ...{ ...point, ts: ofStore(point.ts), knownAt: ofStore(point.knownAt) },
    })),
  },
})

const iso = (ms: number): string => new Date(ms).toISOString()
/** The store writes 2026-11-20 09:30:00, in UTC. */
const ofStore = (text: string): string => `${text.replace(' ', 'T')}Z`
