// What more cores would do: one normalizer and one sink on one partition, then two of each on four partitions, with the
// same answers. On a machine with few cores the rate says little. The CPU of each process and of its busiest thread says
// what it would be with more cores, as far as work of several processes does not wait for one another.
import { topicsOf } from '#core/source-topics.ts'
import { withAdmin } from '#platform/kafka/client.ts'
import { provisionTopics } from '#platform/kafka/provision.ts'
import { rawTopic, timeseriesTopic } from '#schemas/topics.ts'
import { FIRST_DAY } from '#simulator/jao/calendar.ts'
import { jao } from '#sources/jao/jao.ts'
import { type Pipeline, startPipeline } from '../support/pipeline.ts'
import { coresSentence, coresTable } from './cores-words.ts'
import { type Merges, measureMerges } from './merges.ts'
import { untilRevisions } from './stored.ts'
import { days, loadRaw, measureRun, type Run } from './throughput.ts'

export interface CoresRun extends Omit<Run, 'memory_mib'>, Merges {
  /** Number of partitions of raw and of timeseries. */
  partitions: number
  /** Number of normalizers, and of sinks. */
  each: number
  /** Mean number of rows that point_revisions gets at once. */
  rows_per_insert: number
}

export interface CoresFigures {
  one_of_each: CoresRun
  two_of_each: CoresRun
}

/** Times that the days are answered. With less, the time in which two processes share the partitions counts too much. */
const rounds = 4

export async function measureCores(tell: (line: string) => void): Promise<CoresFigures> {
  const figures = {
    one_of_each: await measureEach(1, 1, tell),
    two_of_each: await measureEach(2, 4, tell),
  }
  for (const line of [...coresTable(figures).split('\n'), coresSentence(figures)]) tell(line)
  return figures
}

async function measureEach(each: number, partitions: number, tell: (line: string) => void): Promise<CoresRun> {
  const pipeline = await startPipeline({ disposable: true })
  try {
    await partition(pipeline, partitions)
    let points = 0
    const nowMs = Date.now()
    for (let round = 0; round < rounds; round++)
      points += await loadRaw(pipeline, FIRST_DAY, days, nowMs + round * 3_600_000)
    tell(`${points} points in raw; ${each} normalizers and ${each} sinks read them`)
    const { memory_mib: _, ...run } = await measureRun(pipeline, points, { each, until: untilRevisions })
    const rows_per_insert = await rowsPerInsert(pipeline)
    const merges = await measureMerges(pipeline, pipeline.endpoint().child.pid ?? 0, points)
    return { each, partitions, ...run, rows_per_insert, ...merges }
  } finally {
    await pipeline.stop()
  }
}

/** Makes the empty topics anew that normalizers and sinks share, as RAW_PARTITIONS and TIMESERIES_PARTITIONS do. */
async function partition({ kafka }: Pipeline, partitions: number): Promise<void> {
  const names = [rawTopic(jao.name).name, timeseriesTopic(jao.name).name]
  const topics = topicsOf(jao).filter(({ name }) => names.includes(name))
  await withAdmin(kafka, async (admin) => {
    await admin.deleteTopics({ topics: names, timeout: 20_000 })
    while ((await admin.listTopics()).some((name) => names.includes(name)));
  })
  await provisionTopics(
    kafka,
    topics.map((topic) => ({ ...topic, partitions })),
    1,
  )
}

/** An insert makes a part of level 0. The parts that merges replaced stay listed for eight minutes. */
async function rowsPerInsert({ query }: Pipeline): Promise<number> {
  const [inserted] = await query<{ rows: number }>(
    `SELECT toUInt32(sum(rows) / count()) AS rows FROM system.parts
     WHERE database = 'tidemark' AND table = 'point_revisions' AND level = 0`,
  )
  return inserted?.rows ?? 0
}
