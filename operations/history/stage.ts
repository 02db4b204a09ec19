// What today's release makes of stored raw, in staging tables, and how that differs from what is live.

import type { SourcedDataset } from '#core/datasets.ts'
import { sourceOutputs } from '#core/source-outputs.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import type { RawSpan } from '#schemas/generated/records.ts'
import type { Source } from '#sources/source.ts'
import { type Comparison, differs, diffTables } from './diff-tables.ts'
import { explodeSpan, type ReadAnswer, type SpanParts } from './explode-span.ts'
import type { WindowRange } from './raw-span.ts'
import { amongLetters, newlyRefused, type RefusedAnswer } from './refusals.ts'
import { stagingInserter } from './staging-tables.ts'

export type StageParts = SpanParts & { store: Store }

/** What to read into staging tables that are there. */
export interface StageJob {
  groupId: string
  source: Source
  /** All of the source's raw topic. */
  spans: RawSpan[]
  /** null: every declared dataset. */
  dataset: string | null
  windows: WindowRange
  /** The database of the staging tables. */
  staging: string
  /** Told of each answer once, when its rows are in the staging tables and its position is committed. */
  done: (answers: ReadAnswer[]) => void
  /** Told after each batch: raw records that are done, of all in the spans. */
  progress: (done: number) => void
  /** Told what it waits for, when that takes long. */
  say?: ((text: string) => void) | undefined
}

/** How a dataset's staging tables differ from the live ones. */
export interface DatasetDiff {
  dataset: string
  transformVersion: number
  comparison: Comparison
  /** Refused today, taken before. */
  newlyRefused: RefusedAnswer[]
  /** Refused before, taken today: raw records as partition/offset. */
  newlyAccepted: string[]
}

/** Whether publishing the staging tables would change anything. */
export const wouldChange = ({ comparison, newlyRefused, newlyAccepted }: DatasetDiff): boolean =>
  differs(comparison) || newlyRefused.length + newlyAccepted.length > 0

/** Explodes the spans into the staging tables; sends nothing. Goes on where its group was interrupted. Errors: explodeSpan. */
export async function explodeIntoStaging(parts: StageParts, job: StageJob): Promise<void> {
  const { source, staging, ...span } = job
  const insert = stagingInserter(parts.store, staging)
  await explodeSpan(parts, {
    ...span,
    outputs: await sourceOutputs(source, parts.registry),
    take: async (answers) => {
      await insert(answers)
      return []
    },
  })
}

/**
 * Compares the staging tables of a dataset with the live ones, for answers of the spans.
 * @param refused the answers that today's explode refused
 */
export async function diffDataset(
  { kafka, store }: StageParts,
  { source, dataset }: SourcedDataset,
  scope: { windows: WindowRange; spans: RawSpan[]; staging: string },
  refused: RefusedAnswer[],
): Promise<DatasetDiff> {
  const { name, transformVersion } = dataset
  const comparison = await diffTables(store, { dataset: name, transformVersion, ...scope })
  const addedFrom = new Set([...comparison.addedFrom, ...comparison.answers.addedFrom])
  return {
    dataset: name,
    transformVersion,
    comparison,
    newlyRefused: await newlyRefused(store, name, refused),
    newlyAccepted: await amongLetters(kafka, source.name, [...addedFrom]),
  }
}
