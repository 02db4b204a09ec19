// The sink writes rows as bytes, from the bytes of records. The slow and plain way is the reference: the Avro library, the
// row of the target, and JSON, which the store reads itself.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { topicsOf } from '#core/source-topics.ts'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { applySourceStatements } from '#infra/provision/source-statements.ts'
import { insert } from '#platform/clickhouse/client.ts'
import { columnTypes, insertBinary } from '#platform/clickhouse/insert-binary.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { type BinaryRow, bytesOf, RowBuffer } from '#platform/clickhouse/row-buffer.ts'
import { type RowLayout, rowLayout } from '#platform/clickhouse/row-layout.ts'
import type { RecordSchema, TableTarget } from '#schemas/record-schema.ts'
import { platformTopics } from '#schemas/topics.ts'
import { sources } from '#sources/index.ts'
import { type Random, randomFrom, seedOfThisRun } from '../integrity/random.ts'
import { avroType } from '../support/encoded-records.ts'
import { mutated, randomRecord } from '../support/random-records.ts'
import { type RunningStore, startStore } from './running-store.ts'

interface Case {
  target: TableTarget
  schema: RecordSchema
  layout: RowLayout
}

const seed = seedOfThisRun()
console.info(`seed ${seed} (TIDEMARK_SEED repeats it)`)

let running: RunningStore
const cases = new Map<string, Case>()
const topics = [...platformTopics, ...sources.flatMap(topicsOf)]
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
  await applySourceStatements(running.store, sources)
  for (const { table: target, record: schema } of topics) {
    const layout = target && rowLayout(target, schema?.text, await columnTypes(running.store, target.table))
    if (target && schema && layout?.transcode) cases.set(target.table, { target, schema, layout })
  }
})
afterAll(() => running?.stop())

test('the records of every topic become rows without being decoded, but for three whose rows are more than fields', () => {
  const tables = new Set(topics.flatMap(({ table }) => (table ? [table.table] : [])))
  expect([...tables].filter((table) => !cases.has(table))).toEqual(['replays', 'parking_log', 'dead_letter_records'])
})

describe('the row of a record', () => {
  const to = new RowBuffer()

  /** Returns the row of bytes without decoding them, and checks that it is the plain way's. */
  function checked({ target, schema, layout }: Case, bytes: Buffer): BinaryRow | undefined {
    to.empty()
    const offset = 2 ** 40 + 1
    const row = layout.transcode?.(Buffer.concat([Buffer.alloc(5), bytes]), 5, offset, to)
    if (row === undefined) return undefined
    const told = `${schema.name} ${bytes.toString('hex')}`
    const plain = layout.encode(target.row(avroType(schema).fromBuffer(bytes), offset), to)
    expect(plain && bytesOf(plain).toString('hex'), told).toBe(bytesOf(row).toString('hex'))
    return row
  }

  const eachCase = (check: (each: Case, random: Random) => void): void => {
    for (const [index, each] of [...cases.values()].entries()) check(each, randomFrom(seed + index))
  }

  test('is made of every ordinary record', () => {
    eachCase((each, random) => {
      for (let count = 0; count < 100; count++) {
        const record = randomRecord(each.schema.text, random, true)
        expect(checked(each, avroType(each.schema).toBuffer(record)), JSON.stringify(record)).toBeDefined()
      }
    })
  })

  test('is the same as of the decoded record, or the record is decoded, whatever its values are', () => {
    eachCase((each, random) => {
      for (let count = 0; count < 300; count++) {
        checked(each, avroType(each.schema).toBuffer(randomRecord(each.schema.text, random, false)))
      }
    })
  })

  test('is the same as of the decoded record, or the record is decoded, whatever its bytes are', () => {
    let taken = 0
    eachCase((each, random) => {
      for (let count = 0; count < 100; count++) {
        const bytes = avroType(each.schema).toBuffer(randomRecord(each.schema.text, random, count % 2 === 0))
        for (let times = 0; times < 20; times++) {
          if (checked(each, mutated(bytes, random))) taken++
        }
      }
    })
    // Most changes are in texts, and leave a record.
    expect(taken).toBeGreaterThan(1_000)
  })
})

describe('in the store', () => {
  test.each([true, false])('rows are what they are as JSON (ordinary: %s)', async (ordinary) => {
    for (const [index, { target, schema, layout }] of [...cases.values()].entries()) {
      const types = await columnTypes(running.store, target.table)
      const columns = target.columns.map((column) => `\`${column}\` ${types.get(column)}`).join(', ')
      for (const table of ['as_json', 'as_bytes']) {
        await running.store.command({ query: `CREATE OR REPLACE TABLE tidemark.${table} (${columns}) ENGINE = Memory` })
      }
      const random = randomFrom(seed + index)
      const to = new RowBuffer()
      const rows: unknown[][] = []
      const bytes: BinaryRow[] = []
      while (rows.length < 200) {
        const record = avroType(schema).fromBuffer(
          avroType(schema).toBuffer(randomRecord(schema.text, random, ordinary)),
        )
        try {
          const row = target.row(record, random.between(0, 2 ** 40))
          const encoded = layout.encode(row, to)
          if (encoded === undefined) continue
          rows.push(row)
          bytes.push(encoded)
        } catch (error) {
          // A time that no clock shows, or a value that is not finite.
          expect(error).toBeInstanceOf(RangeError)
        }
      }
      await insert(running.store, 'as_json', target.columns, rows)
      await insertBinary(running.store, 'as_bytes', layout, bytes)
      const stored = async (table: string) => {
        const query = `SELECT * FROM tidemark.${table} FORMAT RowBinary`
        const { stream } = await running.store.exec({ query })
        return Buffer.concat(await stream.toArray()).toString('latin1')
      }
      expect((await stored('as_bytes')) === (await stored('as_json')), target.table).toBe(true)
    }
  })
})
