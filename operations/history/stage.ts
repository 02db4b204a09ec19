// Explodes raw records into staging tables and compares them with the live tables.

import type { SourcedDataset } from '#core/datasets.ts'
import { sourceOutputs } from '#core/source-outputs.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import type { RawSpan } from '#schemas/generated/records.ts'
import type { Source } from '#sources/source.ts'
import { type Comparison, differs, diffTables } from './diff-tables.ts'
import { explodeSpan, type SpanJob, type SpanParts } from './explode-span.ts'
import type { WindowRange } from './raw-span.ts'
import { acceptedBefore, type RefusedAnswer, withDeadLetter } from './refusals.ts'
import { stagingInserter } from './staging-tables.ts'

export type StageParts = SpanParts & { store: Store }

export interface StageJob extends Omit<SpanJob, 'outputs' | 'toOutputs'> {
  source: Source
  /** Database of the staging tables. */
  staging: string
}

export interface DatasetDiff {
  dataset: string
  transformVersion: number
  comparison: Comparison
  newlyRefused: RefusedAnswer[]
  /** Raw records, `partition/offset`, of answers that were refused before and are accepted today. */
  newlyAccepted: string[]
}

export const wouldChange = ({ comparison, newlyRefused, newlyAccepted }: DatasetDiff): boolean =>
  differs(comparison) || newlyRefused.length + newlyAccepted.length > 0

/** Explodes raw records into staging tables, from the committed offsets on. Throws the errors of `explodeSpan`. */
export async function explodeIntoStaging(parts: StageParts, job: StageJob): Promise<void> {
  const { source, staging, ...span } = job
  const insert = stagingInserter(parts.store, staging)
  await explodeSpan(parts, {
    ...span,
    outputs: await sourceOutputs(source, parts.registry),
    toOutputs: async (answers) => {
      await insert(answers)
      return []
    },
  })
}

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
    newlyRefused: await acceptedBefore(store, name, refused),
    newlyAccepted: await withDeadLetter(kafka, source.name, [...addedFrom]),
  }
}
