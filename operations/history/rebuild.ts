// A rebuild fills new tables from all raw records, compares them with the live tables, and exchanges them. Readers see
// no gap: live data are inserted into old and new tables, and the exchange swaps whole tables.

import { datasetsByName, transformVersions } from '#core/datasets.ts'
import { forgetGroup, waitForGroup } from '#platform/kafka/consumer-lag.ts'
import { recordsIn } from '#platform/kafka/read-range.ts'
import { whoAmI } from '#platform/process/who.ts'
import type { RawSpan, Replay } from '#schemas/generated/records.ts'
import { rawTopic, replaysTopic } from '#schemas/topics.ts'
import { sources } from '#sources/index.ts'
import { storedDatasets, storedVersions } from './diff-tables.ts'
import { copyUnreproducible, exchange, makeTables, staging, stateOfTables } from './exchange.ts'
import { allWindows, currentRawSpans, trimToRetained } from './raw-span.ts'
import { type RefusedAnswer, refusalsOf } from './refusals.ts'
import { newReplayId, type ReplayLog } from './replay-log.ts'
import { type DatasetDiff, diffDataset, explodeIntoStaging, type StageParts } from './stage.ts'
import { dropStaging } from './staging-tables.ts'
import { untilQueryable } from './until-queryable.ts'

export interface RebuildJob {
  /** A rebuild that `beginRebuild` returned, or an interrupted rebuild to resume. */
  rebuild: Replay
  progress: (done: number, total: number) => void
  say: (text: string) => void
  /** Returns true to exchange the tables. Gets a comparison for each dataset that has rows in the old or new tables. */
  agree: (found: DatasetDiff[]) => Promise<boolean>
}

const groupOf = (id: string): string => `tidemark-rebuild-${id}`

const versions = (): Record<string, number> =>
  Object.fromEntries(Object.entries(transformVersions()).map(([name, version]) => [`version of ${name}`, version]))

/**
 * Returns why a rebuild cannot be resumed: its tables are gone, or a transform version has changed since its start.
 * Returns undefined if it can be resumed.
 */
export async function resumeObstacle({ store }: StageParts, rebuild: Replay): Promise<string | undefined> {
  const { id, counts } = rebuild
  const tables = await stateOfTables(store, id)
  if (tables === 'gone') return 'its tables are there no longer'
  if (tables === 'exchanged' || isAgreed(rebuild)) return undefined
  const other = Object.entries(versions()).find(([name, version]) => counts[name] !== version)
  return other && `it began with another ${other[0]}: ${counts[other[0]] ?? 'none'}, this release has ${other[1]}`
}

/** Creates new tables, which also get all live inserts from then on, and announces a rebuild from all raw records. */
export async function beginRebuild({ kafka, store }: StageParts, log: ReplayLog, why: string): Promise<Replay> {
  const now = Date.now()
  const id = newReplayId(now)
  await makeTables(store, id)
  // Read after the tables exist. So each row is in these spans, or is inserted into old and new tables.
  const spans = (await Promise.all(sources.map(({ name }) => currentRawSpans(kafka, name)))).flat()
  const stored = await storedVersions(store, [...datasetsByName.keys()])
  const rebuild: Replay = {
    ...{ id, kind: 'rebuild', dataset: '*', windowFrom: null, windowTo: null, state: '', who: whoAmI(), why },
    ...{ fromVersion: Math.max(0, ...stored.values()), toVersion: Math.max(...Object.values(transformVersions())) },
    ...{ startedAt: now, at: now, spans, counts: versions(), message: '' },
  }
  return log.write(rebuild, { state: 'started' })
}

/** True: somebody agreed to the exchange. A resumed rebuild then does not ask again. */
const isAgreed = ({ state }: Replay): boolean => state === 'published'

/** Fills the new tables, and exchanges them if `agree` returns true. Otherwise the rebuild fails. Run one at a time. */
export async function runRebuild(parts: StageParts, log: ReplayLog, job: RebuildJob): Promise<Replay> {
  const { kafka, store } = parts
  let { rebuild } = job
  let { counts } = rebuild
  if (!isAgreed(rebuild) && (await stateOfTables(store, rebuild.id)) !== 'exchanged') {
    const refused = await fill(parts, job)
    job.say('all of raw is read; copying rows whose raw record is gone, and comparing')
    const spans = await trimToRetained(kafka, rebuild.spans)
    await copyUnreproducible(store, spans)
    for (const source of sources) await untilQueryable(kafka, source, job.say)
    const found = await compareAll(parts, spans, refused)
    counts = sumOf(found)
    if (!(await job.agree(found))) {
      await dropStaging(store, staging)
      return finish(parts, log, rebuild, {
        state: 'failed',
        counts,
        message: 'not agreed to: the new tables were dropped, nothing was changed',
      })
    }
    rebuild = await log.write(rebuild, { state: 'published', counts })
    job.say('the tables are exchanged now')
  }
  await exchange(store, rebuild)
  return finish(parts, log, rebuild, { state: 'finished', counts, message: outcomeOf(counts) })
}

async function finish(
  { kafka }: StageParts,
  log: ReplayLog,
  rebuild: Replay,
  change: Parameters<ReplayLog['write']>[1],
) {
  const last = await log.write(rebuild, change)
  await waitForGroup(kafka, 'sink', replaysTopic.name)
  await forgetGroup(kafka, groupOf(rebuild.id))
  return last
}

async function fill(parts: StageParts, job: RebuildJob): Promise<Map<string, RefusedAnswer[]>> {
  const { id, spans } = job.rebuild
  const total = recordsIn(spans)
  const refused = new Map<string, RefusedAnswer[]>()
  let before = 0
  for (const [topic, ofTopic] of Map.groupBy(spans, ({ topic }) => topic)) {
    const source = sources.find(({ name }) => rawTopic(name).name === topic)
    before += recordsIn(ofTopic)
    if (source === undefined) continue
    const readBefore = before - recordsIn(ofTopic)
    await explodeIntoStaging(parts, {
      ...{ groupId: groupOf(id), source, spans: ofTopic, dataset: null, windows: allWindows, staging, say: job.say },
      onCommitted: (batch) => {
        for (const [dataset, answers] of Map.groupBy(batch, (answer) => answer.dataset)) {
          const ofDataset = refused.get(dataset) ?? []
          ofDataset.push(...refusalsOf(answers))
          refused.set(dataset, ofDataset)
        }
      },
      onProgress: (done) => job.progress(readBefore + done, total),
    })
  }
  return refused
}

async function compareAll(
  parts: StageParts,
  spans: RawSpan[],
  refused: Map<string, RefusedAnswer[]>,
): Promise<DatasetDiff[]> {
  const found: DatasetDiff[] = []
  // Skips datasets without rows: each comparison takes several queries.
  const stored = await storedDatasets(parts.store, staging)
  for (const sourced of datasetsByName.values()) {
    const { source, dataset } = sourced
    if (!stored.has(dataset.name)) continue
    const own = spans.filter(({ topic }) => topic === rawTopic(source.name).name)
    const scope = { windows: allWindows, spans: own, staging }
    found.push(await diffDataset(parts, sourced, scope, refused.get(dataset.name) ?? []))
  }
  return found
}

const answerCounts = (['added', 'changed', 'gone'] as const).map((of) => ({ of, count: `answers ${of}` }))

function outcomeOf(counts: Record<string, number>): string {
  const { added = 0, changed = 0, gone = 0, same = 0 } = counts
  const answers = answerCounts.filter(({ count }) => counts[count]).map(({ of, count }) => `${of} ${counts[count]}`)
  return `tables exchanged; values added ${added}, changed ${changed}, gone ${gone}, the same ${same}${
    answers.length > 0 ? `; answers ${answers.join(', ')}` : ''
  }`
}

function sumOf(found: DatasetDiff[]): Record<string, number> {
  const counts: Record<string, number> = {}
  const add = (name: string, count: number): void => {
    counts[name] = (counts[name] ?? 0) + count
  }
  for (const { comparison } of found) {
    const { rowsAdded, rowsChanged, rowsGone, rowsSame } = comparison
    // The names under which earlier rebuilds are stored, too.
    for (const [name, count] of Object.entries({
      added: rowsAdded,
      changed: rowsChanged,
      gone: rowsGone,
      same: rowsSame,
    })) {
      add(name, count)
    }
    for (const { of, count } of answerCounts) add(count, comparison.answers[of])
  }
  return counts
}
