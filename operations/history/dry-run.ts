import type { SourcedDataset } from '#core/datasets.ts'
import { readRows, type Store } from '#platform/clickhouse/client.ts'
import { forgetGroup } from '#platform/kafka/consumer-lag.ts'
import { recordsIn } from '#platform/kafka/read-range.ts'
import { currentRawSpans, trimToRetained, type WindowRange } from './raw-span.ts'
import { type RefusedAnswer, refusalsOf } from './refusals.ts'
import { newReplayId } from './replay-log.ts'
import { type DatasetDiff, diffDataset, explodeIntoStaging, type StageParts } from './stage.ts'
import { createStagedSlices, dropStaging } from './staging-tables.ts'
import { untilQueryable } from './until-queryable.ts'

// Maximum number of refusals in memory. Further refusals are not compared.
const maxRefusals = 100_000

/**
 * Explodes all raw answers of the windows into temporary tables, and compares these tables with the store. In the
 * result, `answers` is the number of answers read. Of one `stager`, do not run two dry runs at a time: each drops the
 * tables of the other, which a killed one would leave.
 */
export async function dryRun(
  parts: StageParts,
  { source, dataset }: SourcedDataset,
  windows: WindowRange,
  progress: (done: number, total: number) => void,
  say?: (text: string) => void,
  stager: 'dry' | 'api' = 'dry',
): Promise<DatasetDiff & { answers: number }> {
  const { kafka, store } = parts
  const id = newReplayId(Date.now())
  const prefix = `tidemark_${stager}_`
  const staging = `${prefix}${id.replaceAll('-', '_')}`
  const groupId = `tidemark-dry-run-${id}`
  const spans = await currentRawSpans(kafka, source.name)
  const total = recordsIn(spans)
  const refused: RefusedAnswer[] = []
  let answers = 0
  await dropLeftovers(store, prefix)
  try {
    await createStagedSlices(store, staging)
    await explodeIntoStaging(parts, {
      ...{ groupId, source, spans, dataset: dataset.name, windows, staging, say },
      onCommitted: (batch) => {
        answers += batch.length
        refused.push(...refusalsOf(batch).slice(0, maxRefusals - refused.length))
      },
      onProgress: (done) => progress(done, total),
    })
    await untilQueryable(kafka, source, say)
    const scope = { windows, staging, spans: await trimToRetained(kafka, spans) }
    return { answers, ...(await diffDataset(parts, { source, dataset }, scope, refused)) }
  } finally {
    await dropStaging(store, staging)
    await forgetGroup(kafka, groupId)
  }
}

async function dropLeftovers(store: Store, prefix: string): Promise<void> {
  const query = 'SELECT name FROM system.databases WHERE startsWith(name, {prefix:String})'
  for (const { name } of await readRows<{ name: string }>(store, query, { prefix })) await dropStaging(store, name)
}
