// ClickHouse's own Kafka engine beside tidemark: the same broker, topic, bytes and tables, one after the other. The engine
// has no events, dead letters, registry of series, checks, accepted answers, deletions or replay, and takes each cell for a
// point: it is what a user would run who wants the two tables and nothing else.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { FIRST_DAY } from '#simulator/jao/calendar.ts'
import { coreMaxExchanges } from '#sources/jao/core.ts'
import { type Pipeline, startPipeline } from '../support/pipeline.ts'
import { countCpu, residentMiBOf, sumOf } from './cpu.ts'
import { type Merges, measureMerges } from './merges.ts'
import { type RivalEngine, startRivalEngine } from './rival-engine.ts'
import { contentQuery, type RivalWay, rivalStatements, type TableDefinition } from './rival-tables.ts'
import { untilStored } from './stored.ts'
import { days, loadRaw, measureRun, type Throughput } from './throughput.ts'

type WithMerges = Throughput & Merges

export interface RivalFigures {
  answers: number
  tidemark: WithMerges
  kafka_engine: Record<RivalWay, WithMerges>
  /** Figures of tidemark divided by those of the engine. */
  tidemark_to_kafka_engine: Record<RivalWay, Ratio>
}

interface Ratio {
  points_per_s: number
  cpu: number
  cpu_with_merges: number
}

/**
 * @param answers number of answers that each reads
 * @throws Error if the engine stored other rows than tidemark
 */
export async function measureRival(tell: (line: string) => void, answers = days): Promise<RivalFigures> {
  const pipeline = await startPipeline({ disposable: true })
  try {
    const points = await loadRaw(pipeline, FIRST_DAY, answers)
    tell(`raw topic holds ${answers} answers, ${points} points`)
    const run = await measureRun(pipeline, points)
    const tidemark = { ...run, ...(await measureMerges(pipeline, pipeline.endpoint().child.pid ?? 0, points)) }
    tell(`tidemark: ${words(tidemark)}`)
    const engine = async (way: RivalWay) => {
      const figures = await measureEngine(pipeline, points, way)
      tell(`ClickHouse's Kafka engine, ${way}: ${words(figures)}; its rows equal tidemark's in all columns`)
      return figures
    }
    const two_parsing_views = await engine('two_parsing_views')
    const parsed_once = await engine('parsed_once')
    return {
      answers,
      tidemark,
      kafka_engine: { two_parsing_views, parsed_once },
      tidemark_to_kafka_engine: {
        two_parsing_views: ratioOf(tidemark, two_parsing_views),
        parsed_once: ratioOf(tidemark, parsed_once),
      },
    }
  } finally {
    await pipeline.stop()
  }
}

async function measureEngine(pipeline: Pipeline, points: number, way: RivalWay): Promise<WithMerges> {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-rival-'))
  const engine = await startRivalEngine(directory)
  try {
    const tables = await tableDefinitions(pipeline)
    const partitions = await partitionsOf(pipeline, 'jao.raw')
    const statements = rivalStatements(tables, way, {
      brokers: pipeline.environment.KAFKA_BROKERS ?? '',
      registryUrl: pipeline.environment.SCHEMA_REGISTRY_URL ?? '',
      partitions,
      transformVersion: coreMaxExchanges.transformVersion,
    })
    const pids = { broker: pipeline.parts.broker?.pid ?? 0, kafka_engine: engine.pid }
    for (const statement of statements) await engine.query(statement)
    await untilAssigned(engine, partitions)
    // As with tidemark, the time of joining the group does not count.
    const cpuOf = countCpu(pids)
    const startedMs = performance.now()
    await untilStored(engine, points, 100)
    const elapsedS = (performance.now() - startedMs) / 1000
    const cpu = cpuOf(points)
    const memory_mib = residentMiBOf(pids)
    const merges = await measureMerges(engine, engine.pid, points)
    for (const table of tables) await refuseOtherRows(pipeline, engine, table)
    return {
      points,
      points_per_s: Math.round(points / elapsedS),
      cpu_s_per_million_points: sumOf(cpu),
      cpu_by_process: cpu,
      memory_mib,
      ...merges,
    }
  } finally {
    await engine.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

const tableDefinitions = ({ query }: Pipeline): Promise<TableDefinition[]> =>
  query(`SELECT tables.name AS name, any(tables.create_table_query) AS create, groupArray(columns.name) AS columns
    FROM system.tables AS tables INNER JOIN system.columns AS columns
      ON columns.database = tables.database AND columns.table = tables.name
    WHERE tables.database = 'tidemark' AND tables.name IN ('points', 'point_revisions')
    GROUP BY tables.name`)

async function partitionsOf({ kafka }: Pipeline, topic: string): Promise<number> {
  const admin = kafka.admin()
  await admin.connect()
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  await admin.disconnect()
  return topics[0]?.partitions.length ?? 0
}

async function untilAssigned(engine: RivalEngine, partitions: number): Promise<void> {
  const sql = 'SELECT sum(length(assignments.partition_id)) AS assigned FROM system.kafka_consumers'
  for (const endMs = Date.now() + 60_000; Date.now() < endMs; await sleep(10)) {
    const [consumers] = await engine.query<{ assigned: number | string }>(sql)
    if (Number(consumers?.assigned) === partitions) return
  }
  throw new Error('the Kafka engine got no partitions within a minute')
}

async function refuseOtherRows(pipeline: Pipeline, engine: RivalEngine, table: TableDefinition): Promise<void> {
  const sql = contentQuery(table)
  const [ours, theirs] = await Promise.all([pipeline.query(sql), engine.query(sql)])
  if (JSON.stringify(ours) === JSON.stringify(theirs)) return
  throw new Error(`${table.name} differs: ${JSON.stringify(ours)} of tidemark, ${JSON.stringify(theirs)} of the engine`)
}

const ratioOf = (ours: WithMerges, theirs: WithMerges): Ratio => ({
  points_per_s: hundredth(ours.points_per_s / theirs.points_per_s),
  cpu: hundredth(ours.cpu_s_per_million_points / theirs.cpu_s_per_million_points),
  cpu_with_merges: hundredth(withMerges(ours) / withMerges(theirs)),
})

const withMerges = (run: WithMerges): number => run.cpu_s_per_million_points + run.merges_cpu_s_per_million_points

const words = (run: WithMerges): string =>
  `${(run.points_per_s / 1e6).toFixed(2)} million points/s, ${run.cpu_s_per_million_points} CPU s a million points, and ` +
  `${run.merges_cpu_s_per_million_points} until merges rest`

const hundredth = (value: number): number => Math.round(value * 100) / 100
