import { expect, test } from 'vitest'
import { measureRival } from './rival.ts'
import { rivalStatements } from './rival-tables.ts'

test('the rival is compared over the rows that tidemark stores, in copies of its tables', async () => {
  const lines: string[] = []
  // 2022-06-09 to 2022-06-11: three days of 24 hours, 132 keys each.
  const figures = await measureRival((line) => lines.push(line), 3)
  expect(figures.answers).toBe(3)
  for (const { points, cpu_by_process } of [figures.tidemark, ...Object.values(figures.kafka_engine)]) {
    expect(points).toBe(3 * 24 * 132)
    expect(cpu_by_process).toHaveProperty('broker')
  }
  expect(lines.filter((line) => line.endsWith("its rows equal tidemark's in all columns"))).toHaveLength(2)
  const { tidemark, kafka_engine, tidemark_to_kafka_engine } = figures
  const ratio = tidemark.cpu_s_per_million_points / kafka_engine.parsed_once.cpu_s_per_million_points
  expect(tidemark_to_kafka_engine.parsed_once.cpu).toBeCloseTo(ratio, 1)
})

test('a column that the rival cannot fill is named', () => {
  const table = { name: 'points', create: 'CREATE TABLE tidemark.points ...', columns: ['key', 'colour'] }
  const input = { brokers: '', registryUrl: '', partitions: 1, transformVersion: 1 }
  expect(() => rivalStatements([table], 'parsed_once', input)).toThrow(
    'points has a column colour: say in test/bench/rival-tables.ts how the rival makes it',
  )
})
