// Finds answers in raw whose poll was not recorded, because the poller died or Kafka was unavailable, and builds the
// polls. All functions are pure.

import type { HostedDataset } from '#core/hosts.ts'
import { noMemory, storeEndsAtMs } from '#core/poll-memory.ts'
import { isPage, selectorOf } from '#core/request-identity.ts'
import type { OffsetRange, TopicRanges } from '#platform/kafka/read-range.ts'
import { printable } from '#platform/process/printable.ts'
import type { Poll, RawResponse } from '#schemas/generated/records.ts'
import type { KnownIdentity } from './memory.ts'
import { changesState, isNewAnswer, judgeAnswer, judgeCount } from './outcome.ts'
import { assessAnswer } from './poll-window.ts'

export interface RecordedAnswers {
  seen: (answer: Pick<Poll, 'dataset' | 'rawPartition' | 'rawOffset'>) => void
  /** Returns the offset ranges within `held` that may hold answers without a recorded poll. */
  unrecorded: (source: string, held: TopicRanges) => TopicRanges
}

/**
 * The search for answers without a recorded poll begins this many offsets before the newest answer that has one. Fewer
 * answers than this are in flight at once.
 */
const lookback = 64
const maxRead = 1_000

export function createRecordedAnswers(): RecordedAnswers {
  const partitions = new Map<string, { newest: number; offsets: Set<number> }>()
  const nameOf = (source: string, partition: number) => `${source}/${partition}`
  return {
    seen({ dataset, rawPartition, rawOffset }) {
      if (rawPartition === null || rawOffset === null) return
      const name = nameOf(sourceOf(dataset), rawPartition)
      const known = partitions.get(name) ?? { newest: -1, offsets: new Set() }
      partitions.set(name, known)
      known.newest = Math.max(known.newest, rawOffset)
      known.offsets.add(rawOffset)
      if (known.offsets.size <= 4 * lookback) return
      for (const offset of known.offsets) if (offset <= known.newest - lookback) known.offsets.delete(offset)
    },
    unrecorded(source, held) {
      const found = new Map<number, OffsetRange>()
      for (const [partition, { from, to }] of held) {
        const { newest, offsets } = partitions.get(nameOf(source, partition)) ?? { newest: -1, offsets: new Set() }
        let first = Math.max(from, newest + 1 - lookback, to - maxRead)
        let end = to
        while (first < end && offsets.has(first)) first++
        while (first < end && offsets.has(end - 1)) end--
        if (first < end) found.set(partition, { from: first, to: end })
      }
      return found
    },
  }
}

/** Returns the source's name in a dataset's name or in a request identity. */
export const sourceOf = (dataset: string): string => dataset.slice(0, dataset.indexOf('.'))

export interface PollProvenance {
  host: string
  poller: string
  origin: string
}

/**
 * Returns the missing poll of an answer. Returns undefined if the memory has this answer or a newer one, if the answer
 * is of another origin (live, simulated), or if the store cannot hold its time.
 */
export function reconstructPoll(
  raw: RawResponse,
  at: { partition: number; offset: number },
  hosted: Pick<HostedDataset, 'asking' | 'headers' | 'intervalMs' | 'baseUrl'>,
  { host, poller, origin }: PollProvenance,
  known: KnownIdentity | undefined,
): Poll | undefined {
  const { requestIdentity, dataset, windowStart, windowEnd, sentAt, fetchedAt, contentHash, headers } = raw
  const memory = known?.memory ?? noMemory
  if (raw.origin !== origin || fetchedAt >= storeEndsAtMs) return undefined
  if (memory.lastGoodFetchedAt !== null && fetchedAt <= memory.lastGoodFetchedAt) return undefined
  const window = { startMs: windowStart, endMs: windowEnd }
  const { coverage, error } = assessAnswer(hosted, { window, selector: selectorOf(requestIdentity, dataset) }, raw)
  // ETag and Last-Modified are not valid at another base URL of the upstream.
  const { etag = null, 'last-modified': lastModified = null } = raw.url.startsWith(`${hosted.baseUrl}/`) ? headers : {}
  const answer = { contentHash, etag, lastModified }
  const isNew = hosted.intervalMs !== null || isNewAnswer(memory, contentHash) || raw.confirms
  const rows = countedRows(hosted, raw)
  const judgement =
    rows === undefined
      ? judgeAnswer(memory, answer, coverage, fetchedAt, isNew, raw.confirms)
      : judgeCount(memory, rows, fetchedAt, true, raw.confirms)
  return {
    ...{ requestIdentity, dataset, host, windowStart, windowEnd, lane: 'background', sentAt, fetchedAt },
    ...judgement,
    ...{ status: raw.status, durationMs: 0, bytes: raw.body.length, contentHash },
    ...{
      error: printable(rows === undefined ? error : null),
      errorBody: null,
      rawPartition: at.partition,
      rawOffset: at.offset,
    },
    ...{ requestsReadTo: null, pausedUntil: null, pauseReason: null, poller, origin },
    changesState: changesState(known?.memory, judgement.memory, true),
  }
}

/** Returns the row count that an answer states for a window in pages. Undefined for a page, or without a count. */
function countedRows({ asking }: Pick<HostedDataset, 'asking'>, raw: RawResponse): number | undefined {
  if (asking.pages === undefined || isPage(selectorOf(raw.requestIdentity, raw.dataset))) return undefined
  try {
    return asking.pages.rowsIn(raw.body).total ?? undefined
  } catch {
    return undefined
  }
}
