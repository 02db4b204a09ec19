import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { type ClickHouseClient, createClient } from '@clickhouse/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningEndpoint, spawnEndpoint } from '#local/clickhouse/spawn.ts'

let folder: string
let endpoint: RunningEndpoint
let client: ClickHouseClient

function connect(extra: Parameters<typeof createClient>[0] = {}): ClickHouseClient {
  const { writer } = endpoint.credentials
  return createClient({ url: endpoint.url, username: writer.user, password: writer.password, ...extra })
}

async function rows<T>(query: string, extra: object = {}): Promise<T[]> {
  const result = await client.query({ query, format: 'JSONEachRow', ...extra })
  return result.json<T>() as Promise<T[]>
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-endpoint-'))
  endpoint = await spawnEndpoint({ dataDir: join(folder, 'clickhouse'), port: 0 })
  client = connect()
  await client.command({ query: 'CREATE DATABASE t' })
})

afterAll(async () => {
  await client?.close()
  await endpoint?.stop()
  await rm(folder, { recursive: true, force: true })
})

describe('the unmodified @clickhouse/client', () => {
  test('pings', async () => {
    expect((await client.ping()).success).toBe(true)
  })

  test('queries with parameters, to the millisecond', async () => {
    const at = new Date('2026-11-21T10:20:30.123Z')
    const query = "SELECT {at:DateTime64(3,'UTC')} AS at, {text:String} AS text, {list:Array(UInt8)} AS list"
    const text = 'it\'s\n\n\\ "x"\t`'
    const [row] = await rows(query, { query_params: { at, text, list: [1, 2] } })
    expect(row).toEqual({ at: '2026-11-21 10:20:30.123', text, list: [1, 2] })
  })

  test('inserts arrays, streams and CSV with blank lines that look like SQL', async () => {
    await client.command({ query: 'CREATE TABLE t.lines (id UInt32, text String) ENGINE = MergeTree ORDER BY id' })
    const values = [{ id: 1, text: 'a\n\nDROP TABLE t.lines' }]
    const result = await client.insert({ table: 't.lines', values, format: 'JSONEachRow' })
    expect(result.summary?.written_rows).toBe('1')
    await client.insert({
      table: 't.lines',
      values: Readable.from([
        [2, 'b'],
        [3, 'c'],
      ]),
      format: 'JSONCompactEachRow',
    })
    const csv = Readable.from(['4,"x\n\nDROP TABLE t.lines;--"\n'], { objectMode: false })
    await client.insert({ table: 't.lines', values: csv, format: 'CSV' })
    expect(await rows('SELECT * FROM t.lines ORDER BY id')).toEqual([
      { id: 1, text: 'a\n\nDROP TABLE t.lines' },
      { id: 2, text: 'b' },
      { id: 3, text: 'c' },
      { id: 4, text: 'x\n\nDROP TABLE t.lines;--' },
    ])
  })

  test('settings and database of one request do not reach another', async () => {
    const query = "SELECT toUInt32(getSetting('max_block_size')) AS size, currentDatabase() AS db"
    const [changed] = await rows(query, { clickhouse_settings: { max_block_size: '1234' } })
    expect(changed).toEqual({ size: 1234, db: 'default' })
    const [after] = await rows(query)
    expect(after).toEqual({ size: 65409, db: 'default' })
    const other = connect({ database: 't' })
    const result = await other.query({ query: 'SELECT currentDatabase() AS db', format: 'JSONEachRow' })
    expect(await result.json()).toEqual([{ db: 't' }])
    await other.close()
  })

  test('errors carry code and type', async () => {
    await expect(rows('SELECT * FROM t.nothing')).rejects.toMatchObject({ code: '60', type: 'UNKNOWN_TABLE' })
    await expect(rows('SELEC 1')).rejects.toMatchObject({ code: '62' })
    await expect(rows('SELECT 1; SELECT 2')).rejects.toMatchObject({ code: '62' })
    await expect(rows('SELECT 1', { clickhouse_settings: { no_such: 1 } })).rejects.toMatchObject({ code: '115' })
  })

  for (const format of ['RowBinary', 'Native', 'Parquet', 'ArrowStream', 'Avro', 'ORC', 'MsgPack', 'TSKV', 'JSON']) {
    test(`${format} goes out and comes in again, byte for byte`, async () => {
      await client.command({ query: `CREATE TABLE t.copy_${format} (n UInt64, s String) ENGINE = Memory` })
      const query = `SELECT number * 2570 AS n, '\n\n;' AS s FROM numbers(100000) FORMAT ${format}`
      const { stream } = await client.exec({ query })
      const inserted = await client.exec({ query: `INSERT INTO t.copy_${format} FORMAT ${format}`, values: stream })
      inserted.stream.resume()
      await finished(inserted.stream)
      const [sum] = await rows(`SELECT count() AS c, sum(n) AS n, uniqExact(s) AS s FROM t.copy_${format}`)
      expect(sum).toEqual({ c: 100000, n: (2570 * 99999 * 100000) / 2, s: 1 })
    })
  }
})
