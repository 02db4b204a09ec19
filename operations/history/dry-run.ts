// What a replay would change, found without changing anything: today's reading goes into tables of its own, is compared,
// and thrown away.

import type { SourcedDataset } from '#core/datasets.ts'
import { sourceOutputs } from '#core/source-outputs.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import { forgetGroup } from '#platform/kafka/consumer-lag.ts'
import { recordsIn } from '#platform/kafka/read-range.ts'
import { type Comparison, differs, diffTables } from './diff-tables.ts'
import { explodeSpan, type SpanParts } from './explode-span.ts'
import { rawSpansNow, stillThere, type WindowRange } from './raw-span.ts'
import { readRows } from './read-rows.ts'
import { amongLetters, newlyRefused, type RefusedAnswer, refusalsOf } from './refusals.ts'
import { newReplayId } from './replay-log.ts'
import { createStaging, dropStaging, stagingInserter } from './staging-tables.ts'
import { untilQueryable } from './until-queryable.ts'

export interface DryRun {
  dataset: string
  transformVersion: number
  /** Answers that were read; undefined where they were not counted. */
  answers?: number
  comparison: Comparison
  /** Refused today, taken before. */
  newlyRefused: RefusedAnswer[]
  /** Refused before, taken today: raw records as partition/offset. */
  newlyAccepted: string[]
}

/** Whether a replay would change anything. */
export const wouldChange = ({ comparison, newlyRefused, newlyAccepted }: DryRun): boolean =>
  differs(comparison) || newlyRefused.length + newlyAccepted.length > 0

// More are not looked at one by one: so many refusals are news enough.
const maxRefusals = 100_000

/**
 * Reads all raw answers of the windows that there are now, as today's explode does, and compares with the store, after all
 * of them have reached it. Leaves nothing behind. One at a time: what an earlier one left that was killed is dropped.
 */
export async function dryRun(
  parts: SpanParts & { store: Store },
  { source, dataset }: SourcedDataset,
  windows: WindowRange,
  progress: (done: number, total: number) => void,
  say?: (text: string) => void,
): Promise<DryRun> {
  const { kafka, registry, store } = parts
  const id = newReplayId(Date.now())
  const staging = `${prefix}${id.replaceAll('-', '_')}`
  const groupId = `tidemark-dry-run-${id}`
  const spans = await rawSpansNow(kafka, source.name)
  const total = recordsIn(spans)
  const refused: RefusedAnswer[] = []
  let answers = 0
  await dropLeftovers(store)
  try {
    await createStaging(store, staging, ['point_revisions', 'stored_answers'])
    const insert = stagingInserter(store, staging)
    await explodeSpan(parts, {
      ...{ groupId, spans, outputs: await sourceOutputs(source, registry), dataset: dataset.name, windows, say },
      take: async (batch) => {
        await insert(batch)
        return []
      },
      done: (batch) => {
        answers += batch.length
        refused.push(...refusalsOf(batch).slice(0, maxRefusals - refused.length))
      },
      progress: (done) => progress(done, total),
    })
    await untilQueryable(kafka, source, say)
    const comparison = await diffTables(store, {
      ...{ dataset: dataset.name, transformVersion: dataset.transformVersion },
      ...{ windows, staging, spans: await stillThere(kafka, spans) },
    })
    return {
      dataset: dataset.name,
      transformVersion: dataset.transformVersion,
      answers,
      comparison,
      newlyRefused: await newlyRefused(store, dataset.name, refused),
      newlyAccepted: await amongLetters(kafka, source.name, addedFrom(comparison)),
    }
  } finally {
    await dropStaging(store, staging)
    await forgetGroup(kafka, groupId)
  }
}

/** Raw records, as partition/offset, that answers or points are added from. */
export const addedFrom = ({ addedFrom, answers }: Comparison): string[] => [
  ...new Set([...addedFrom, ...answers.addedFrom]),
]

const prefix = 'tidemark_dry_'

async function dropLeftovers(store: Store): Promise<void> {
  const query = 'SELECT name FROM system.databases WHERE startsWith(name, {prefix:String})'
  for (const { name } of await readRows<{ name: string }>(store, query, { prefix })) await dropStaging(store, name)
}
