import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { Agent, get, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  deflateSync,
  gunzipSync,
  gzipSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type EndpointRequest, sendRequest } from './send-request.ts'
import { type RunningEndpoint, spawnEndpoint } from './spawn.ts'

let folder: string
let endpoint: RunningEndpoint

const send = (request: EndpointRequest) => sendRequest(endpoint, request)
const sql = async (body: string, more: EndpointRequest = {}) => {
  const answer = await send({ body, ...more })
  if (answer.status !== 200) throw new Error(answer.text)
  return answer.text
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark endpoint 'é' "))
  endpoint = await spawnEndpoint({ dataDir: join(folder, 'clickhouse'), port: 0 })
  await sql('CREATE DATABASE t')
  await sql('CREATE TABLE t.text (id UInt32, s String) ENGINE = MergeTree ORDER BY id')
})

afterAll(async () => {
  await endpoint?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function emptied(): Promise<void> {
  await sql('TRUNCATE TABLE t.text')
}

/** Sends bytes over a connection, and returns everything that comes back. */
async function rawAnswer(bytes: string): Promise<string> {
  const { hostname, port } = new URL(endpoint.url)
  const socket = connect(Number(port), hostname).on('error', () => {})
  socket.write(bytes)
  const parts: Buffer[] = []
  for await (const part of socket) parts.push(part)
  return Buffer.concat(parts).toString()
}

/** Waits until only this query runs. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if ((await sql('SELECT count() FROM system.processes')) === '1\n') return
    await sleep(25)
  }
  throw new Error(`statements still run: ${await sql('SELECT query FROM system.processes')}`)
}

describe('who may ask', () => {
  test.each([
    [{ 'X-ClickHouse-User': 'tidemark', 'X-ClickHouse-Key': 'wrong' }],
    [{ 'X-ClickHouse-User': 'tidemark', 'X-ClickHouse-Key': '' }],
    [{ 'X-ClickHouse-User': 'nobody', 'X-ClickHouse-Key': 'wrong' }],
  ])('%j is refused with 516', async (headers) => {
    const answer = await send({ body: 'SELECT 1', headers })
    expect([answer.status, answer.headers['x-clickhouse-exception-code']]).toEqual([403, '516'])
    expect(answer.text).toMatch(/^Code: 516\. DB::Exception: .*\(AUTHENTICATION_FAILED\)/)
  })

  test('a request without credentials is refused; Basic auth and the URL work', async () => {
    const { user, password } = endpoint.credentials.writer
    expect((await fetch(`${endpoint.url}/?query=SELECT+1`)).status).toBe(403)
    const basic = { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
    expect(await (await fetch(`${endpoint.url}/?query=SELECT+1`, { headers: basic })).text()).toBe('1\n')
    const url = new URLSearchParams({ query: 'SELECT 1', user, password })
    expect(await (await fetch(`${endpoint.url}/?${url}`)).text()).toBe('1\n')
  })

  test('another Host, any Origin and cross-site fetches are refused before anything runs', async () => {
    const strange: Record<string, string>[] = [
      { Host: 'evil.example' },
      { Host: `evil.example:${new URL(endpoint.url).port}` },
      { Host: '127.0.0.1' },
      { Origin: 'http://evil.example' },
      { Origin: 'null' },
      { 'Sec-Fetch-Site': 'cross-site' },
    ]
    for (const headers of strange) {
      const answer = await send({ body: 'SELECT 1', headers })
      expect([headers, answer.status]).toEqual([headers, 403])
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    }
    expect(
      (await send({ body: 'SELECT 1', headers: { Host: `localhost:${new URL(endpoint.url).port}` } })).status,
    ).toBe(200)
  })

  test('a request in absolute form is the same request; bytes that are not a request get a sentence', async () => {
    const { hostname, port } = new URL(endpoint.url)
    const { user, password } = endpoint.credentials.writer
    const query = new URLSearchParams({ query: 'SELECT 6 * 7', user, password })
    const host = `Host: ${hostname}:${port}\r\nConnection: close`
    expect(await rawAnswer(`GET http://${hostname}:${port}/?${query} HTTP/1.1\r\n${host}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 200 [\s\S]*\b42\b/,
    )
    expect(await rawAnswer('\x16\x03\x01 a TLS hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [\s\S]*is not an HTTP request/)
    expect(await rawAnswer(`GET /?query=${'1'.repeat(600_000)} HTTP/1.1\r\n${host}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 [\s\S]*limited to 512 KiB[\s\S]*in the body of a POST/,
    )
  })

  test('only an authenticated client keeps the connection', async () => {
    const body = 'SELECT 1'
    const wrong = { 'X-ClickHouse-Key': 'wrong' }
    for (const request of [
      { path: '/ping', method: 'GET' },
      { path: '/nowhere', method: 'GET' },
      { method: 'GET' },
      { body, headers: { Origin: 'null' } },
      { body, headers: wrong },
      { body: 'x'.repeat(3_000_000), headers: wrong },
    ]) {
      expect((await send(request)).headers.connection).toBe('close')
    }
    expect((await send({ body })).headers.connection).toBe('keep-alive')
  })

  test('clients that keep the connections of their pings do not lock the others out', async () => {
    const strangers = new Agent({ keepAlive: true })
    const pings = Array.from({ length: 300 }, async () => {
      const [response] = await once(get(`${endpoint.url}/ping`, { agent: strangers }), 'response')
      response.resume()
      await once(response, 'end')
    })
    await Promise.all(pings)
    expect(await (await fetch(`${endpoint.url}/ping`)).text()).toBe('Ok.\n')
    strangers.destroy()
  })

  test('GET reads and does not write', async () => {
    expect((await send({ method: 'GET', url: { query: 'SELECT 1' } })).text).toBe('1\n')
    for (const query of [
      'CREATE TABLE t.got (a Int8) ENGINE = Memory',
      "INSERT INTO t.text VALUES (1, 'a')",
      'INSERT INTO t.text SELECT 1, 2',
    ]) {
      expect((await send({ method: 'GET', url: { query } })).headers['x-clickhouse-exception-code']).toBe('164')
    }
  })

  test('the reader reads, sets what clients set, and cannot become a writer', async () => {
    const user = 'reader' as const
    expect(await sql('SELECT 1', { user, url: { max_block_size: '100', max_execution_time: '5' } })).toBe('1\n')
    expect(await sql('SELECT 1 SETTINGS max_threads = 1', { user })).toBe('1\n')
    const tries = [
      'CREATE TABLE t.r (a Int8) ENGINE = Memory',
      'DROP TABLE t.text',
      "INSERT INTO t.text VALUES (1, 'a')",
      'INSERT INTO t.text SELECT 1, 2',
      'WITH 1 AS x INSERT INTO t.text SELECT x, x',
      'TRUNCATE TABLE t.text',
      'OPTIMIZE TABLE t.text',
      'ALTER TABLE t.text DELETE WHERE 1',
      'SYSTEM FLUSH LOGS',
      'KILL QUERY WHERE 1 ASYNC',
      'SET readonly = 0',
      'SELECT 1 SETTINGS readonly = 0',
    ]
    for (const statement of tries) {
      for (const url of [{}, { session_id: 'r' }, { readonly: '0' }]) {
        const answer = await send({ body: statement, user, url: url as Record<string, string> })
        expect([statement, answer.headers['x-clickhouse-exception-code']]).toEqual([statement, '164'])
      }
    }
  })

  test('a reader session whose first request fails is still read-only', async () => {
    const url = { session_id: 'failing' }
    expect((await send({ user: 'reader', body: 'SELECT 1', url: { ...url, no_such_setting: '1' } })).status).toBe(400)
    const answer = await send({ user: 'reader', body: 'INSERT INTO t.text SELECT 1, 2', url })
    expect(answer.headers['x-clickhouse-exception-code']).toBe('164')
    expect((await send({ user: 'reader', body: 'SET readonly = 0', url })).headers['x-clickhouse-exception-code']).toBe(
      '164',
    )
  })
})

describe('what may never be said', () => {
  const secret = 'SECRET-OF-THE-HOST'
  let file: string
  beforeAll(async () => {
    file = join(await mkdtemp(join(tmpdir(), 'tidemark-secret-')), 'secret.txt')
    await writeFile(file, `${secret}\n`)
    await sql('CREATE TABLE t.lines (s String) ENGINE = Memory')
  })
  afterAll(() => rm(join(file, '..'), { recursive: true }))

  const reads = (path: string): EndpointRequest[] => [
    { body: `SELECT file('${path}')` },
    { body: `SELECT \`file\`('${path}')` },
    { body: `SELECT "file"('${path}')` },
    { body: `SELECT \`\\x66ile\`('${path}')` },
    { body: `SELECT 1 //'\n, file('${path}') //'` },
    { body: `SELECT FiLe /* x */ -- y\n ('${path}')` },
    { body: `SELECT * APPLY(file) FROM (SELECT '${path}' AS p)` },
    { body: `SELECT * APPLY file FROM (SELECT '${path}' AS p)` },
    { body: `SELECT arrayMap(file, ['${path}'])` },
    { body: `SELECT arrayMap({f:Identifier}, ['${path}'])`, url: { param_f: 'file' } },
    { body: `SELECT arrayMap({f:Identifier}, ['${path}'])`, url: { param_f: '`file`' } },
    { body: `SELECT * FROM file('${path}', LineAsString)` },
    { body: `SELECT * FROM \`${path}\`` },
    { body: `SELECT * FROM default.\`${path}\`` },
    { body: `SELECT * FROM filesystem('${path}')` },
    { body: `SELECT * FROM format('JSONEachRow', 'a Int8, b String DEFAULT file(\\'${path}\\')', '{"a":1}')` },
    {
      body: `SELECT * FROM format('JSONEachRow', concat('a Int8, b String DEFAULT fi', 'le(\\'${path}\\')'), '{"a":1}')`,
    },
    { body: `SELECT * FROM format(JSONEachRow, 'a Int8, b String DEFAULT file(\\'${path}\\')', $x$ {"a":1} $x$)` },
    { body: `INSERT INTO t.lines FROM INFILE '${path}' FORMAT LineAsString` },
    { body: `INSERT INTO t.lines FROM/**/INFILE '${path}' FORMAT LineAsString` },
    { body: `INSERT INTO t.lines FROM -- x\n infile '${path}' FORMAT LineAsString` },
    { body: `INSERT INTO t.lines VALUES (file('${path}'))` },
    { body: `INSERT INTO t.lines FORMAT Values (file('${path}'))` },
    { body: `INSERT INTO t.lines FORMAT values\n(concat(file('${path}'), ''))` },
    { body: `INSERT INTO t.lines VALUES ('${'x'.repeat(300_000)}'), (file('${path}'))` },
    { body: `(file('${path}'))`, url: { query: 'INSERT INTO t.lines VALUES' } },
    { body: `SELECT * FROM eval('SELECT 1')`, url: { allow_experimental_eval_table_function: '1' } },
    {
      body: `SELECT 1 FROM system.one`,
      url: { additional_table_filters: `{'system.one': 'throwIf(file(\\'${path}\\') != \\'\\')'}` },
    },
    { body: `SELECT 1 FORMAT Template`, url: { format_template_row: path } },
    { body: `SELECT 1 SETTINGS format_schema = '${path}:x' FORMAT Protobuf` },
  ]

  test('no statement reads a host file', async () => {
    for (const request of reads(file)) {
      const answer = await send(request)
      expect([request.body, answer.text.includes(secret)]).toEqual([request.body, false])
      expect([request.body?.slice(0, 200), answer.status]).not.toEqual([request.body?.slice(0, 200), 200])
    }
    expect(await sql(`SELECT count() FROM t.lines WHERE s LIKE '%${secret}%'`)).toBe('0\n')
  })

  test('no table inherits a DEFAULT that reads one', async () => {
    const column = `b String DEFAULT file(\\'${file}\\')`
    for (const structure of [
      `'a Int8, ${column}'`,
      `concat('a Int8, ', '${column}')`,
      `'a Int8, b String \\x44EFAULT file(\\'${file}\\')'`,
    ]) {
      for (const source of [
        `null(${structure})`,
        `generateRandom(${structure})`,
        `values(${structure}, (1, 'x'))`,
        `input(${structure})`,
      ]) {
        await send({ body: `DROP TABLE IF EXISTS t.shape SYNC` })
        await send({ body: `DROP TABLE IF EXISTS t.heir SYNC` })
        await send({ body: `CREATE TABLE t.shape AS ${source}` })
        await send({ body: 'CREATE TABLE t.heir AS t.shape ENGINE = Memory' })
        await send({ body: 'INSERT INTO t.heir (a) VALUES (1)' })
        expect([source, (await send({ body: 'SELECT * FROM t.heir' })).text.includes(secret)]).toEqual([source, false])
      }
    }
    expect(await sql("SELECT * FROM values('a Int8, b String', (1, 'default'))")).toBe('1\tdefault\n')
    expect(await sql("SELECT x IS NULL FROM generateRandom('x Int8') LIMIT 1")).toBe('0\n')
  })

  test('no statement writes one', async () => {
    const target = join(folder, 'written')
    const tries = [
      `SELECT 1 INTO OUTFILE '${target}'`,
      `SELECT 1 INTO/**/OUTFILE '${target}' FORMAT TSV`,
      `SELECT 1 into -- x\n outfile '${target}'`,
      `SELECT 1 INTO /* /* nested */ */ OUTFILE '${target}'`,
      `EXPLAIN SELECT 1 INTO OUTFILE '${target}'`,
      `INSERT INTO FUNCTION file('${target}', 'TSV', 'a Int8') SELECT 1`,
      `INSERT INTO FUNCTION file('${target}', 'TSV', 'a Int8') VALUES (1)`,
      `CREATE TABLE t.f (a Int8) ENGINE = File(TSV, '${target}')`,
      `CREATE TABLE t.d (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = object_storage, object_storage_type = 'local', metadata_type = 'plain', path = '${target}/')`,
      `CREATE DATABASE d ENGINE = Atomic SETTINGS disk = disk(type = 'local', path = '${target}/')`,
      `SELECT 1 SETTINGS output_format_schema = '${target}' FORMAT CapnProto`,
      `BACKUP DATABASE t TO File('${target}')`,
      `CREATE DATABASE q ENGINE = SQLite('${target}')`,
    ]
    for (const statement of tries) {
      const { status } = await send({ body: statement })
      expect([statement, status === 200, existsSync(target)]).toEqual([statement, false, false])
    }
  })

  test('no statement opens a connection, runs a program, makes users or ends the process', async () => {
    let visited = 0
    const { createServer } = await import('node:http')
    const trap = createServer((_request, response) => {
      visited++
      response.end('1\n')
    }).listen(0, '127.0.0.1')
    await once(trap, 'listening')
    const port = (trap.address() as { port: number }).port
    const url = `http://127.0.0.1:${port}/bucket/key`
    const tries = [
      `SELECT * FROM url('${url}', LineAsString)`,
      `SELECT * FROM s3('${url}', 'TSV', 'a Int8')`,
      `SELECT * FROM gcs('${url}', 'TSV', 'a Int8')`,
      `SELECT * FROM hdfs('hdfs://127.0.0.1:${port}/x', 'TSV', 'a Int8')`,
      `SELECT * FROM remote('127.0.0.1:${port}', system.one)`,
      `SELECT * FROM remoteSecure('127.0.0.1:${port}', system.one)`,
      `SELECT * FROM mysql('127.0.0.1:${port}', 'a', 'b', 'c', 'd')`,
      `SELECT * FROM postgresql('127.0.0.1:${port}', 'a', 'b', 'c', 'd')`,
      `SELECT * FROM mongodb('127.0.0.1:${port}', 'a', 'b', 'c', 'd', 'a Int8')`,
      `SELECT * FROM redis('127.0.0.1:${port}', 'k', 'k String')`,
      `SELECT * FROM deltaLake('${url}')`,
      `SELECT * FROM iceberg('${url}')`,
      `CREATE TABLE t.u (a Int8) ENGINE = URL('${url}')`,
      `CREATE TABLE t.k (a Int8) ENGINE = Kafka('127.0.0.1:${port}', 'b', 'c', 'JSON')`,
      `CREATE TABLE t.w (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = 'web', endpoint = '${url}')`,
      `CREATE DICTIONARY t.h (a UInt64) PRIMARY KEY a SOURCE(HTTP(url '${url}' format TSV)) LAYOUT(FLAT()) LIFETIME(0)`,
      `CREATE TABLE t.e (a String) ENGINE = Executable('../../../../../bin/ls', 'LineAsString')`,
      `SELECT * FROM executable('ls', 'LineAsString', 'x String')`,
      'CREATE USER u',
      'CREATE ROLE r',
      'CREATE FUNCTION f AS x -> x',
      'SYSTEM SHUTDOWN',
      'SYSTEM/**/KILL',
      'system\nkill',
      "SET dialect = 'prql'",
      "SELECT demangle('a')",
      "SELECT * FROM arrowstream('1')",
    ]
    for (const statement of tries) {
      const answer = await send({ body: statement })
      expect([statement, answer.status === 200]).toEqual([statement, false])
    }
    expect(visited).toBe(0)
    expect(await sql('SELECT 1')).toBe('1\n')
    trap.close()
  })

  test('no table runs the SQL that it is given as data, or takes a path of the host', async () => {
    const victim = await mkdtemp(join(tmpdir(), 'tidemark-victim-'))
    await writeFile(join(victim, 'kept'), 'x')
    const session = { session_id: 'engines' }
    for (const url of [{}, session]) {
      const kind = url === session ? 'TEMPORARY TABLE runner' : 'TABLE t.runner'
      expect((await send({ body: `CREATE ${kind} (query String) ENGINE=QueryRunner`, url })).status).toBe(403)
    }
    await send({ body: `INSERT INTO t.runner VALUES ('CREATE TABLE t.leak ENGINE=Log AS SELECT file(\\'${file}\\')')` })
    expect(await sql('EXISTS t.leak')).toBe('0\n')
    const rocks = `CREATE TABLE t.rocks (k String) ENGINE=EmbeddedRocksDB(0,'${victim}') PRIMARY KEY k`
    expect((await send({ body: rocks })).status).toBe(403)
    await send({ body: 'TRUNCATE TABLE t.rocks' })
    expect(existsSync(join(victim, 'kept'))).toBe(true)
    await rm(victim, { recursive: true })
  })

  test('only the allowed table engines of the library can be used', async () => {
    const names = (await sql('SELECT name FROM system.table_engines')).trim().split('\n')
    const allowed: string[] = []
    for (const name of names) {
      const answer = await send({ body: `CREATE TABLE t.of_${name} (query String) ENGINE = ${name}` })
      if (!answer.text.includes(`Not allowed on this endpoint: ENGINE ${name}`) && !answer.text.includes('the name')) {
        allowed.push(name)
      }
    }
    expect(allowed.sort().join(' ')).toBe(
      'AggregatingMergeTree Buffer CoalescingMergeTree CollapsingMergeTree Join Log Memory Merge MergeTree Null ReplacingMergeTree Set StripeLog SummingMergeTree TinyLog VersionedCollapsingMergeTree',
    )
  })

  test('nobody sends signals into the process by system.stack_trace, under whatever name', async () => {
    for (const body of [
      'SELECT * FROM system.stack_trace',
      'SELECT * FROM `system`.`stack_trace`',
      "SELECT * FROM merge('system', '^stack_trace$')",
      "SELECT * FROM loop('system', 'stack_trace') LIMIT 1",
      'SELECT * FROM view(SELECT * FROM system.stack_trace)',
    ]) {
      for (const user of ['reader', 'writer'] as const) {
        expect([body, (await send({ body, user })).status === 200]).toEqual([body, false])
      }
    }
  })

  test('the migrations are not refused', async () => {
    await sql('CREATE DATABASE IF NOT EXISTS tidemark')
    const migrations = join(import.meta.dirname, '../../infra/clickhouse/migrations')
    for (const name of (await readdir(migrations)).sort()) await sql(await readFile(join(migrations, name), 'utf8'))
  })

  test('forbidden names in strings, comments and columns are allowed', async () => {
    expect(await sql("SELECT 'INTO OUTFILE file(' AS s -- FROM INFILE")).toBe('INTO OUTFILE file(\n')
    expect(await sql("SELECT format('{}-{}', 1, 'x') /* eval */")).toBe('1-x\n')
    expect(await sql("SELECT $h$ file('x') ; DROP TABLE t.text $h$")).toBe(" file(\\'x\\') ; DROP TABLE t.text \n")
  })

  test('several statements are refused, and none of them runs', async () => {
    for (const body of [
      'SELECT 1; DROP TABLE t.text',
      "SELECT ';'; DROP TABLE t.text",
      'SELECT 1;\n\n;DROP TABLE t.text',
      'SELECT 1 \\G DROP TABLE t.text',
      'INSERT INTO t.text SELECT 1, 2 FORMAT CSV\n1,2\n\nDROP TABLE t.text',
      'EXPLAIN INSERT INTO t.text FORMAT CSV\n1,2\n\nDROP TABLE t.text',
      'WITH 1 AS x INSERT INTO t.text VALUES (1,2)\n\nDROP TABLE t.text',
    ]) {
      expect([body, (await send({ body })).headers['x-clickhouse-exception-code']]).toEqual([body, '62'])
    }
    expect(await sql('EXISTS t.text')).toBe('1\n')
    expect(await sql('SELECT 1;;\n; -- end')).toBe('1\n')
  })
})

describe('statement and data', () => {
  const csv = '1,"a\n\nDROP TABLE t.text;--"\n2,";\n\n"\n'
  const wanted = 'a\\n\\nDROP TABLE t.text;--|;\\n\\n\n'
  const stored = () => sql("SELECT arrayStringConcat(groupArray(s), '|') FROM (SELECT s FROM t.text ORDER BY id)")
  const shapes: [string, EndpointRequest][] = [
    ['data in the body, statement in the URL', { url: { query: 'INSERT INTO t.text FORMAT CSV' }, body: csv }],
    ['both in the body', { body: `INSERT INTO t.text FORMAT CSV\n${csv}` }],
    [
      'both in the body, with settings',
      { body: `insert into t.text (id, s) settings max_threads=1 format CSV\r\n${csv}` },
    ],
    ['settings after the format', { body: `INSERT INTO t.text FORMAT CSV SETTINGS max_threads=1\n${csv}` }],
    ['comments in the head', { body: `/* a */ INSERT /* FORMAT TSV */ INTO t.text -- VALUES\n FORMAT/**/CSV\n${csv}` }],
    ['the head cut in two', { url: { query: 'INSERT INTO t.text' }, body: `FORMAT CSV\n${csv}` }],
  ]
  test.each(shapes)('%s', async (_name, request) => {
    await emptied()
    const answer = await send(request)
    expect(answer.text).toBe('')
    expect(JSON.parse(String(answer.headers['x-clickhouse-summary']))).toMatchObject({ written_rows: '2' })
    expect(await stored()).toBe(wanted)
  })

  const encoders: Record<string, (data: Buffer) => Buffer> = {
    gzip: (data) => gzipSync(data),
    deflate: (data) => deflateSync(data),
    br: (data) => brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
    zstd: (data) => zstdCompressSync(data),
    lz4: (data) => lz4Stored(data),
  }
  for (const [name, encode] of Object.entries(encoders)) {
    test(`${name} bodies, statement inside or in the URL, one stream or several`, async () => {
      const headers = { 'Content-Encoding': name }
      const head = Buffer.from('INSERT INTO t.text FORMAT CSV\n')
      for (const inside of [true, false]) {
        await emptied()
        const whole = inside ? Buffer.concat([head, Buffer.from(csv)]) : Buffer.from(csv)
        const url: Record<string, string> = inside ? {} : { query: head.toString().trim() }
        const answer = await send({ url, headers, body: encode(whole) })
        expect([answer.text, await stored()]).toEqual(['', wanted])
      }
      if (name === 'br' || name === 'deflate') return
      await emptied()
      const parts = [head, ...csv.split(/(?<=\n)(?=2)/).map((part) => Buffer.from(part))].map(encode)
      const answer = await send({ headers, body: Buffer.concat(parts) })
      expect([answer.text, await stored()]).toEqual(['', wanted])
    })

    test(`a ${name} body that is cut off stores nothing`, async () => {
      await emptied()
      const rows = Array.from({ length: 200_000 }, (_, id) => `${id},${id * 7919}`).join('\n')
      const body = encode(Buffer.from(rows))
      const query = 'INSERT INTO t.text FORMAT CSV'
      const answer = await send({ url: { query }, headers: { 'Content-Encoding': name }, body: body.subarray(0, -9) })
      expect([answer.status === 200, answer.text.slice(0, 9)]).toEqual([false, 'Code: 354'])
      expect(await sql('SELECT count() FROM t.text')).toBe('0\n')
    })
  }

  test('an unknown encoding is refused', async () => {
    for (const encoding of ['snappy', 'gzip, br', 'constructor']) {
      const answer = await send({ headers: { 'Content-Encoding': encoding }, body: 'SELECT 1' })
      expect([encoding, answer.status === 200]).toEqual([encoding, false])
    }
    expect((await send({ url: { decompress: '1' }, body: 'SELECT 1' })).status).toBe(501)
  })

  test('a statement larger than 256 KiB is refused, data of any size is not', async () => {
    await emptied()
    expect((await send({ body: `SELECT '${'x'.repeat(300_000)}'` })).text).toMatch(/^Code: 62.*Max query size exceeded/)
    expect((await send({ body: `SELECT 1 /*${'x'.repeat(50_000_000)}*/` })).text).toMatch(/Max query size exceeded/)
    await sql(`INSERT INTO t.text VALUES (1, '${'x'.repeat(3_000_000)}')`)
    expect(await sql('SELECT sum(length(s)) FROM t.text')).toBe('3000000\n')
  })

  test('values may hold expressions', async () => {
    await emptied()
    await sql("INSERT INTO t.text VALUES (1 + 1, upper('a')), (3, concat('b', 'c'));")
    expect(await sql('SELECT * FROM t.text ORDER BY id')).toBe('2\tA\n3\tbc\n')
  })

  test('a refused insert tells why, also while a large body is still on its way', async () => {
    const answer = await send({
      url: { query: 'INSERT INTO t.nothing FORMAT CSV' },
      body: Buffer.alloc(20_000_000, '1\n'),
    })
    expect([answer.status, answer.headers['x-clickhouse-exception-code']]).toEqual([404, '60'])
    const broken = await send({
      url: { query: 'INSERT INTO t.text FORMAT JSONEachRow' },
      body: Buffer.alloc(20_000_000, '{"id":"x"}\n'),
    })
    expect(broken.status).toBe(400)
    expect(await sql('SELECT count() FROM t.text WHERE id = 0')).toBe('0\n')
    expect((await send({ body: 'INSERT INTO t.text FORMAT Nope\n1,2' })).headers['x-clickhouse-exception-code']).toBe(
      '73',
    )
  })

  test('a client that leaves in the middle of an insert leaves no rows', async () => {
    await emptied()
    const { user, password } = endpoint.credentials.writer
    for (let i = 0; i < 5; i++) {
      const query = new URLSearchParams({ query: 'INSERT INTO t.text SETTINGS max_insert_block_size=1000 FORMAT CSV' })
      const sent = request(`${endpoint.url}/?${query}`, {
        method: 'POST',
        headers: { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password },
      })
      sent.on('error', () => {})
      for (let part = 0; part < 3; part++) {
        sent.write('1,abc\n'.repeat(100_000))
        await sleep(20)
      }
      sent.destroy()
    }
    await quiet()
    expect(await sql('SELECT count() FROM t.text')).toBe('0\n')
  })
})

describe('results', () => {
  const decoders: [string, (data: Buffer<ArrayBuffer>) => Buffer][] = [
    ['gzip', gunzipSync],
    ['zstd', zstdDecompressSync],
    ['br', brotliDecompressSync],
  ]
  test.each(decoders)('%s responses', async (name, decode) => {
    const url = { enable_http_compression: '1' }
    const answer = await send({ url, body: 'SELECT number FROM numbers(100000)', headers: { 'Accept-Encoding': name } })
    expect(answer.headers['content-encoding']).toBe(name)
    expect(decode(Buffer.from(answer.bytes)).toString().length).toBe(588_890)
    const plain = await send({ body: 'SELECT 1', headers: { 'Accept-Encoding': name } })
    expect([plain.headers['content-encoding'], plain.text]).toEqual([undefined, '1\n'])
  })

  test('an error before the first bytes is an HTTP error, one after them is the exception block', async () => {
    const early = await send({ body: "SELECT throwIf(1, 'early')" })
    expect([early.status, early.headers['x-clickhouse-exception-code']]).toEqual([500, '395'])
    const body = "SELECT number, throwIf(number = 3000000, 'late') FROM numbers(4000000) SETTINGS max_block_size = 1000"
    for (const name of ['identity', 'gzip', 'zstd']) {
      const late = await send({ body, url: { enable_http_compression: '1' }, headers: { 'Accept-Encoding': name } })
      const bytes =
        name === 'gzip' ? gunzipSync(late.bytes) : name === 'zstd' ? zstdDecompressSync(late.bytes) : late.bytes
      const tag = String(late.headers['x-clickhouse-exception-tag'])
      expect([late.status, tag.length]).toEqual([200, 16])
      const end = new RegExp(
        `\\r\\n__exception__\\r\\n${tag}\\r\\n(Code: 395[^]*)(\\d+) ${tag}\\r\\n__exception__\\r\\n$`,
      )
      const found = end.exec(bytes.subarray(-2000).toString())
      expect(found?.[1]).toContain('late')
    }
    const waited = await send({ body, url: { wait_end_of_query: '1', max_block_size: '1000' } })
    expect(waited.status).toBe(200)
  })

  test('what goes back in headers cannot break them', async () => {
    for (const url of [
      { query_id: 'a\r\nX: y' },
      { query_id: 'é\u0000' },
      { default_format: 'a\nb' },
      { session_id: '\u0000\n' },
    ]) {
      const answer = await send({ url: url as Record<string, string>, body: 'SELECT 1' })
      expect([200, 400, 404]).toContain(answer.status)
    }
    expect(await sql('SELECT 1')).toBe('1\n')
  })

  test('a wrong format name is told and blocks nothing', async () => {
    for (let i = 0; i < 20; i++)
      expect((await send({ body: 'SELECT 1 FORMAT Nope' })).headers['x-clickhouse-exception-code']).toBe('73')
    expect(await sql('SELECT 1')).toBe('1\n')
  })

  test('default_format, database, query_id and the headers that clients read', async () => {
    const url = { default_format: 'JSONEachRow', database: 't', query_id: 'my-id' }
    const answer = await send({ url, body: 'SELECT currentDatabase() AS d' })
    expect(answer.text).toBe('{"d":"t"}\n')
    expect(answer.headers).toMatchObject({
      'x-clickhouse-query-id': 'my-id',
      'x-clickhouse-format': 'JSONEachRow',
      'x-clickhouse-timezone': 'UTC',
      'content-type': 'application/x-ndjson; charset=UTF-8',
    })
    expect(
      (await send({ url: { database: 'no`such' }, body: 'SELECT 1' })).headers['x-clickhouse-exception-code'],
    ).toBe('81')
    expect(await sql("SHOW TABLES FROM t LIKE 'text' FORMAT JSONEachRow")).toBe('{"name":"text"}\n')
    expect(await sql('SELECT timezone(), toDateTime(0)')).toMatch(/UTC\t1970-01-01 00:00:00\n/)
  })

  test('a slow reader holds the engine back and gets every byte', async () => {
    const { user, password } = endpoint.credentials.writer
    const sent = request(endpoint.url, {
      method: 'POST',
      headers: { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password },
    })
    sent.end('SELECT number FROM numbers(3000000) FORMAT RowBinary')
    const [response] = await once(sent, 'response')
    let bytes = 0
    for await (const chunk of response) {
      bytes += chunk.length
      if (bytes % 7 === 0) await sleep(1)
    }
    expect(bytes).toBe(24_000_000)
  })
})

describe('isolation and sessions', () => {
  test('20 requests at once each keep their own settings and parameters', async () => {
    const all = Array.from({ length: 60 }, (_, i) => i)
    const answers = await Promise.all(
      all.map((i) =>
        send({
          url: { max_block_size: String(1000 + i), param_p: `p${i}` },
          body: "SELECT getSetting('max_block_size'), {p:String}",
        }),
      ),
    )
    expect(answers.map((one) => one.text)).toEqual(all.map((i) => `${1000 + i}\tp${i}\n`))
  })

  test('values of settings and parameters are values, whatever they hold', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 60 }), async (value) => {
        const raw = value
          .replaceAll('\\', '\\\\')
          .replaceAll('\n', '\\n')
          .replaceAll('\t', '\\t')
          .replaceAll('\0', '\\0')
          .replaceAll('\r', '\\r')
          .replaceAll('\b', '\\b')
          .replaceAll('\f', '\\f')
        const answer = await send({
          url: { param_p: raw, log_comment: value },
          body: "SELECT hex({p:String}), hex(getSetting('log_comment'))",
        })
        const hex = Buffer.from(value).toString('hex').toUpperCase()
        expect(answer.text).toBe(`${hex}\t${hex}\n`)
      }),
      { numRuns: 60 },
    )
  })

  test('a session keeps what statements did, not what one request asked for', async () => {
    const url = { session_id: 's1' }
    await sql('CREATE TEMPORARY TABLE mine (a Int8)', { url })
    await sql('INSERT INTO mine VALUES (7)', { url })
    expect(await sql('SELECT a FROM mine', { url })).toBe('7\n')
    await sql('SET max_block_size = 77', { url })
    expect(
      await sql("SELECT getSetting('max_block_size')", { url: { ...url, max_block_size: '99', database: 't' } }),
    ).toBe('99\n')
    expect(await sql("SELECT getSetting('max_block_size'), currentDatabase()", { url })).toBe('77\tdefault\n')
    expect(
      (await send({ body: 'SELECT a FROM mine', url: { session_id: 's2' } })).headers['x-clickhouse-exception-code'],
    ).toBe('60')
    expect((await send({ body: 'SELECT a FROM mine', user: 'reader', url })).status).not.toBe(200)
    const strict = await send({ body: 'SELECT 1', url: { session_id: 's3', session_check: '1' } })
    expect(strict.headers['x-clickhouse-exception-code']).toBe('372')
  })

  test('a parameter of one request is not set in the next request of its session', async () => {
    const url = { session_id: 'parameters' }
    const asked = { ...url, param_p: 'x', param_t: 'text' }
    expect(await sql('SELECT {p:String} FROM t.{t:Identifier} LIMIT 0', { url: asked })).toBe('')
    for (const body of [
      'SELECT {p:String}',
      'SELECT {/* p */p /* : */: String}',
      'INSERT INTO t.text SELECT 1, {p:String}',
      'INSERT INTO t.text (id, s) VALUES (1, {p:String})',
      'CREATE VIEW t.{t:Identifier} AS SELECT 1',
      'INSERT INTO t.{t:Identifier} FORMAT CSV\n1,a',
      'CREATE TABLE t.of_p ENGINE = Memory AS SELECT {p:String} AS view',
      'CREATE MATERIALIZED VIEW t.of_p ENGINE = Memory AS SELECT {p:String} AS p FROM t.text',
    ]) {
      const answer = await send({ body, url })
      expect([body, answer.headers['x-clickhouse-exception-code']]).toEqual([body, '456'])
    }
    await sql('CREATE OR REPLACE VIEW t.of_p AS SELECT {p:String} AS p', { url })
    expect(await sql("SELECT '{p:String}', p FROM t.of_p(p = 'y')", { url })).toBe('{p:String}\ty\n')
    expect(await sql('SELECT {p:String}', { url: { ...url, param_p: 'z' } })).toBe('z\n')
  })

  test('a session in use is locked, and there is a limit to how many there are', async () => {
    const url = { session_id: 'busy' }
    const slow = sql('SELECT sleep(0.5)', { url })
    await sleep(150)
    expect((await send({ body: 'SELECT 1', url })).headers['x-clickhouse-exception-code']).toBe('373')
    await slow
    const many = await Promise.all(
      Array.from({ length: 80 }, (_, i) =>
        send({ body: 'SELECT 1', url: { session_id: `m${i}`, session_timeout: '1' } }),
      ),
    )
    const codes = new Set(many.map((one) => one.headers['x-clickhouse-exception-code']))
    expect(codes).toEqual(new Set([undefined, '202']))
  })
})

describe('cancel and limits', () => {
  const endless = 'SELECT sum(number) FROM numbers(1e15) SETTINGS max_threads = 1'

  test('a client that leaves ends its query, before and in the middle of the result', async () => {
    for (const [body, ms] of [
      [endless, 0],
      [endless, 100],
      ['SELECT number FROM numbers(1e12)', 150],
    ] as const) {
      const leave = new AbortController()
      const asked = send({ body, signal: leave.signal }).catch(() => 'left')
      await sleep(ms)
      leave.abort()
      expect(await asked).toBe('left')
    }
    await quiet()
  })

  test('KILL QUERY by the id that the client chose', async () => {
    const asked = send({ body: endless, url: { query_id: 'kill-me' } })
    await sleep(150)
    expect(
      (await send({ body: 'SELECT 1', url: { query_id: 'kill-me' } })).headers['x-clickhouse-exception-code'],
    ).toBe('216')
    expect(await sql("KILL QUERY WHERE query_id = 'kill-me' SYNC")).toBe('finished\tkill-me\twriter\n')
    expect((await asked).headers['x-clickhouse-exception-code']).toBe('394')
    expect(await sql("KILL QUERY WHERE query_id = 'nobody'")).toBe('')
  })

  test('max_execution_time and max_memory_usage hold', async () => {
    const slow = await send({ body: endless, url: { max_execution_time: '1' } })
    expect(slow.headers['x-clickhouse-exception-code']).toBe('159')
    const large = await send({
      body: 'SELECT groupArray(number) FROM numbers(100000000)',
      url: { max_memory_usage: '50000000' },
    })
    expect(large.headers['x-clickhouse-exception-code']).toBe('241')
  })

  test('nobody lets a query sleep for longer at a time', async () => {
    const url = { function_sleep_max_microseconds_per_block: '60000000' }
    for (const user of ['reader', 'writer'] as const) {
      expect((await send({ body: 'SELECT 1', user, url })).headers['x-clickhouse-exception-code']).toBe('452')
    }
  })

  test('more queries than places wait their turn', async () => {
    const answers = await Promise.all(Array.from({ length: 32 }, () => send({ body: 'SELECT sleep(0.2)' })))
    expect(answers.map((one) => one.status)).toEqual(Array(32).fill(200))
    await quiet()
  })
})

describe('hostile statements', () => {
  test('never crash it, never hang it', async () => {
    const words =
      'SELECT INSERT INTO VALUES FORMAT JSON CSV FROM t.text WHERE SETTINGS max_threads = 1 WITH x AS ( ) , ; * \' " ` /* */ -- \n $ $a$ \\ { } [ ] :: -> {p:String} INFILE OUTFILE EXPLAIN SHOW TABLES KILL QUERY SYSTEM SET readonly 0 NULL é “ \0 1e999 0x UNION ALL LIMIT'.split(
        ' ',
      )
    const soup = fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ unit: 'binary', maxLength: 8 })), {
      maxLength: 14,
    })
    await fc.assert(
      fc.asyncProperty(soup, fc.constantFrom(' ', '', '\n'), async (parts, joint) => {
        const answer = await send({
          body: parts.join(joint),
          url: { param_p: 'x', max_execution_time: '3', max_result_rows: '1000' },
        })
        expect([200, 400, 403, 404, 408, 413, 500, 501]).toContain(answer.status)
        if (answer.status !== 200) expect(answer.text).toMatch(/^Code: \d+\. DB::Exception: /)
      }),
      { numRuns: 400 },
    )
    expect(await sql('SELECT 1')).toBe('1\n')
    expect(await sql('EXISTS t.text')).toBe('1\n')
    await quiet()
  })

  test('deep and large ones are errors', async () => {
    for (const body of [
      `SELECT ${'('.repeat(20_000)}1${')'.repeat(20_000)}`,
      `SELECT ${'-'.repeat(1000)}1`,
      `SELECT ${'[1,'.repeat(30_000)}`,
      `SELECT range(1000000000)`,
      'SELECT 1 '.repeat(20_000),
    ]) {
      expect((await send({ body })).status).not.toBe(200)
    }
    expect(await sql('SELECT 1')).toBe('1\n')
  })
})

/** The minimal LZ4 frame of stored blocks, built by hand from lz4_Frame_format.md. */
function lz4Stored(data: Buffer): Buffer<ArrayBuffer> {
  const parts = [Buffer.from('04224d186040', 'hex'), Buffer.from([0x82])]
  for (let at = 0; at < data.length; at += 65_536) {
    const block = Buffer.from(data.subarray(at, at + 65_536))
    const size = Buffer.alloc(4)
    size.writeUInt32LE(block.length + 0x80000000)
    parts.push(size, block)
  }
  return Buffer.concat([...parts, Buffer.alloc(4)])
}
