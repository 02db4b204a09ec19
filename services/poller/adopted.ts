// Answers that lie in raw without their poll: whoever kept them was killed, or Kafka was away, before the poll was
// recorded. They are known: polling their windows again would keep the same bytes once more. All of this is pure.

import { noMemory, storeEndsAtMs } from '#core/poll-memory.ts'
import { isPage, subjectOf } from '#core/request-identity.ts'
import type { OffsetRange, TopicSpan } from '#platform/kafka/read-range.ts'
import type { Poll, RawResponse } from '#schemas/generated/records.ts'
import type { HostedDataset } from './hosts.ts'
import type { KnownIdentity } from './memory.ts'
import { isNewAnswer, judgeAnswer, judgeCount } from './outcome.ts'
import { assessAnswer } from './poll-window.ts'
import { printable } from './printable.ts'

/** Which records of raw the memory and the log that were read tell of. */
export interface RecordedAnswers {
  /** Where the answer of a poll lies, or the newest of an identity. Seeing one again changes nothing. */
  seen: (answer: Pick<Poll, 'dataset' | 'rawPartition' | 'rawOffset'>) => void
  /** What of a source's raw, which holds `held`, may have no poll; partitions without such records are left out. */
  unrecorded: (source: string, held: TopicSpan) => TopicSpan
}

/** Answers are on their way beside each other, fewer than this: one before the newest that a poll tells of may have no poll. */
const lookedBack = 64
/** More records are never read, also where nothing tells of any. */
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
      if (known.offsets.size <= 4 * lookedBack) return
      for (const offset of known.offsets) if (offset <= known.newest - lookedBack) known.offsets.delete(offset)
    },
    unrecorded(source, held) {
      const found = new Map<number, OffsetRange>()
      for (const [partition, { from, to }] of held) {
        const { newest, offsets } = partitions.get(nameOf(source, partition)) ?? { newest: -1, offsets: new Set() }
        let first = Math.max(from, newest + 1 - lookedBack, to - maxRead)
        let end = to
        while (first < end && offsets.has(first)) first++
        while (first < end && offsets.has(end - 1)) end--
        if (first < end) found.set(partition, { from: first, to: end })
      }
      return found
    },
  }
}

/** The source of a dataset, or of a request identity: it begins with its name and a dot. */
export const sourceOf = (dataset: string): string => dataset.slice(0, dataset.indexOf('.'))

/** Who adopts an answer, of which host. */
export interface Adopter {
  host: string
  poller: string
  origin: string
}

/**
 * The poll that an answer in raw should have had, judged by what is known of its identity; undefined when it is known,
 * or older than what is known, or not of this origin. It answers no request: what was asked for meanwhile is polled.
 */
export function adoptedPoll(
  raw: RawResponse,
  at: { partition: number; offset: number },
  hosted: Pick<HostedDataset, 'asking' | 'headers' | 'intervalMs' | 'baseUrl'>,
  { host, poller, origin }: Adopter,
  known: KnownIdentity | undefined,
): Poll | undefined {
  const { requestIdentity, dataset, windowStart, windowEnd, sentAt, fetchedAt, contentHash, headers } = raw
  const memory = known?.memory ?? noMemory
  if (raw.origin !== origin || fetchedAt >= storeEndsAtMs) return undefined
  if (memory.lastGoodFetchedAt !== null && fetchedAt <= memory.lastGoodFetchedAt) return undefined
  const window = { startMs: windowStart, endMs: windowEnd }
  const { coverage, error } = assessAnswer(hosted, { window, subject: subjectOf(requestIdentity, dataset) }, raw)
  // What another address gave for comparison is of no use at this one.
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
  }
}

/** How many rows an answer counts that is of no page of a window in pages; undefined where it is none, or says nothing. */
function countedRows({ asking }: Pick<HostedDataset, 'asking'>, raw: RawResponse): number | undefined {
  if (asking.pages === undefined || isPage(subjectOf(raw.requestIdentity, raw.dataset))) return undefined
  try {
    return asking.pages.rowsIn(raw.body).total ?? undefined
  } catch {
    return undefined
  }
}
