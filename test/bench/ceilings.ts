// Measures each part of the pipeline alone. The whole pipeline cannot be faster.

import { openTableRows, tableAccess } from '#platform/clickhouse/table-rows.ts'
import { type TimeseriesSlice, timeseriesSliceSchema } from '#schemas/generated/records.ts'
import type { TableTarget } from '#schemas/record-schema.ts'
import { slicesTable } from '#schemas/tables.ts'
import { businessDay } from '#simulator/jao/calendar.ts'
import { createUpstream } from '#simulator/jao/upstream.ts'
import { type Pipeline, startPipeline } from '../support/pipeline.ts'

export interface Ceilings {
  kafkajs_consume_points_per_s: number
  clickhouse_insert_points_per_s: number
  json_parse_points_per_s: number
}

const slicesInAll = 132 * 400
const pointsPerSlice = 24

export async function measureCeilings(tell: (line: string) => void): Promise<Ceilings> {
  const pipeline = await startPipeline({ disposable: true })
  try {
    await fillTimeseries(pipeline)
    tell(`${slicesInAll} slices on the topic`)
    return {
      kafkajs_consume_points_per_s: await consumeAlone(pipeline),
      clickhouse_insert_points_per_s: await insertAlone(pipeline),
      json_parse_points_per_s: parseAlone(),
    }
  } finally {
    await pipeline.stop()
  }
}

export const slice = (index: number): TimeseriesSlice => {
  const start = Date.parse('2022-06-08T22:00:00Z') + Math.floor(index / 132) * 86_400_000
  return {
    dataset: 'jao.core.maxExchanges',
    key: `border_${index % 132}`,
    windowStart: start,
    windowEnd: start + 86_400_000,
    start,
    step: 3600,
    values: Array.from({ length: pointsPerSlice }, (_, hour) => 1000 + ((index * 7 + hour * 13) % 3000)),
    knownAt: 1_790_000_000_000 + Math.floor(index / 132),
    upstreamModifiedAt: null,
    transformVersion: 1,
    unit: 'MW',
    flags: [],
    origin: 'simulated',
    raw: { partition: 0, offset: Math.floor(index / 132) },
    identity: Math.floor(index / 132) + 1,
  }
}

async function fillTimeseries(pipeline: Pipeline): Promise<void> {
  const encode = await pipeline.registry.encoder('jao.timeseries', timeseriesSliceSchema)
  for (let sent = 0; sent < slicesInAll; sent += 6_600) {
    const records = Array.from({ length: 6_600 }, (_, index) => slice(sent + index))
    await pipeline.producer.send(
      'jao.timeseries',
      records.map((record) => ({ key: `${record.dataset}/${record.key}`, value: encode(record) })),
    )
  }
}

async function consumeAlone(pipeline: Pipeline): Promise<number> {
  const consumer = pipeline.kafka.consumer({ groupId: 'bench', maxBytesPerPartition: 4 * 1024 * 1024 })
  await consumer.connect()
  await consumer.subscribe({ topic: 'jao.timeseries', fromBeginning: true })
  let seen = 0
  let startedMs = 0
  await new Promise<void>((resolve, reject) => {
    const eachBatch = async ({ batch }: { batch: { messages: unknown[] } }) => {
      startedMs ||= performance.now()
      seen += batch.messages.length
      if (seen >= slicesInAll) resolve()
    }
    consumer.run({ eachBatch }).catch(reject)
  })
  const rate = perSecond(slicesInAll * pointsPerSlice, startedMs)
  await consumer.disconnect()
  return rate
}

async function insertAlone(pipeline: Pipeline): Promise<number> {
  const batches = Array.from({ length: 4 }, (_, batch) =>
    Array.from({ length: slicesInAll / 4 }, (_, index) => slicesTable.row(slice((batch * slicesInAll) / 4 + index))),
  )
  const rows = openTableRows(tableAccess(pipeline.store), slicesTable as TableTarget)
  const startedMs = performance.now()
  const insertBatch = (values: unknown[][]) => rows.inBatch((batch) => batch.storeValues(values))
  await Promise.all(batches.slice(0, 2).map(insertBatch))
  await Promise.all(batches.slice(2).map(insertBatch))
  return perSecond(slicesInAll * pointsPerSlice, startedMs)
}

function parseAlone(): number {
  const window = businessDay('2025-03-03')
  const body = createUpstream(1).body(window.startMs, window.endMs, Date.parse('2027-01-01T00:00:00Z'))
  const rounds = 200
  const startedMs = performance.now()
  for (let round = 0; round < rounds; round++) JSON.parse(body.toString('utf8'))
  return perSecond(rounds * 24 * 132, startedMs)
}

const perSecond = (count: number, sinceMs: number): number => Math.round(count / ((performance.now() - sinceMs) / 1000))
