import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sendRequest } from '#local/clickhouse/send-request.ts'
import { type RunningEndpoint, spawnEndpoint } from '#local/clickhouse/spawn.ts'

const run = promisify(execFile)
let folder: string
let endpoint: RunningEndpoint
let url: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-curl-'))
  endpoint = await spawnEndpoint({ dataDir: join(folder, 'clickhouse'), port: 0 })
  url = endpoint.url
  await curl('--data-binary', 'CREATE DATABASE t', url)
})

afterAll(async () => {
  await endpoint?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function curl(...parameters: string[]): Promise<string> {
  const { user, password } = endpoint.credentials.writer
  return (await run('curl', ['-sS', '-u', `${user}:${password}`, ...parameters])).stdout
}

/** A body of these bytes, whatever they are. */
async function ofFile(content: string | Buffer, ...parameters: string[]): Promise<string> {
  const file = join(folder, 'body')
  await writeFile(file, content)
  return curl('--data-binary', `@${file}`, ...parameters)
}

test('curl, as the documentation of ClickHouse uses it', async () => {
  expect(await curl(`${url}/ping`)).toBe('Ok.\n')
  expect(await curl(`${url}/?query=SELECT%201`)).toBe('1\n')
  expect(await curl('-G', '--data-urlencode', 'query=SELECT 1 AS x FORMAT JSONEachRow', url)).toBe('{"x":1}\n')
  expect(await curl('-X', 'GET', '-d', 'SELECT 2', url)).toBe('2\n')
  expect(await curl('--data-binary', 'CREATE TABLE t.c (a UInt32, s String) ENGINE = MergeTree ORDER BY a', url)).toBe(
    '',
  )
  // Larger than a megabyte: curl asks "Expect: 100-continue" first.
  const rows = Array.from({ length: 200_000 }, (_, i) => `${i},"x\n\n${i}"`).join('\n')
  expect(await ofFile(rows, `${url}/?query=${encodeURIComponent('INSERT INTO t.c FORMAT CSV')}`)).toBe('')
  const counted = await curl(
    '--compressed',
    '-d',
    'SELECT count(), max(a) FROM t.c',
    `${url}/?enable_http_compression=1`,
  )
  expect(counted).toBe('200000\t199999\n')
  const refused = await run('curl', ['-sS', '-o', '/dev/null', '-w', '%{http_code}', '-d', 'SELECT 1', url])
  expect(refused.stdout).toBe('403')
  expect(await curl('-F', 'query=SELECT {p:String}', '-F', 'param_p=long value', url)).toBe('long value\n')
  expect(await curl('-F', 'query=SELECT 1', '-F', `ext=@${join(folder, 'body')}`, url)).toMatch(/^Code: 48/)
})

test('/query is /, as the ODBC driver asks', async () => {
  // Of `SELECT 1`: two rows of head (name, type), then the row; numbers are UInt32, little-endian.
  const text = (value: string) => [Buffer.from([value.length, 0, 0, 0]), Buffer.from(value)]
  const two = Buffer.from([2, 0, 0, 0])
  const odbc = Buffer.concat([
    two,
    two,
    ...text('name'),
    ...text('1'),
    two,
    ...text('type'),
    ...text('UInt8'),
    ...text('1'),
  ])
  const asked = `${url}/query?database=t&default_format=ODBCDriver2`
  expect(await curl('-d', 'SELECT 1', asked)).toBe(odbc.toString())
  expect(await curl(`${url}/query?query=SELECT%201`)).toBe('1\n')
  expect(await curl('-d', 'SELECT 1', `${url}/query`)).toBe('1\n')
  expect(await curl('-d', 'SELECT 1', `${url}/query/?database=t`)).toBe('1\n')
  const head = await curl('-I', `${url}/query?query=SELECT%201`)
  expect(head).toMatch(/^HTTP\/1.1 200 OK/)
  expect(head).toMatch(/X-ClickHouse-Format: TabSeparated/)
  expect(await curl('-I', `${url}/?query=SELECT`)).toMatch(/^HTTP\/1.1 400/)
  for (const path of ['/queries?query=SELECT%201', '/query/x', '/QUERY']) {
    expect(await curl(`${url}${path}`)).toBe('There is no resource at this path.\n')
  }
})

test('every query of the URL and of the form is one text, in their order', async () => {
  expect(await curl('-F', 'query= 1', `${url}/?query=SELECT`)).toBe('1\n')
  expect(await curl('--form-string', 'query= 1;', `${url}/?query=SELECT`)).toBe('1\n')
  expect(await curl('-F', 'query=SELECT 1', '-F', 'query=, 2 FROM', '-F', 'query=numbers(1)', url)).toBe('1\t2\n')
  expect(await curl(`${url}/?query=SELECT&max_threads=1&query=%202`)).toBe('2\n')
  expect(await curl('-d', ', 3', `${url}/?query=SELECT%20&query=1`)).toBe('1\t3\n')
  // Within quotes and data the two are put together as they are.
  expect(await curl('-F', "query=b'", `${url}/?query=SELECT%20%27a`)).toBe('ab\n')
  expect(await curl('-F', 'query=, {p:String}', '-F', 'param_p=b', `${url}/?query=SELECT%201&param_p=a`)).toBe('1\ta\n')
  // Data in a form ends where the form ends: no line break is added.
  await curl('-d', 'CREATE TABLE t.line (s String) ENGINE = Memory', url)
  expect(await curl('-F', 'query=INSERT INTO t.line FORMAT RawBLOB\nx', '-F', 'query=y', url)).toBe('')
  expect(await curl('-d', 'SELECT hex(s) FROM t.line', url)).toBe('7879\n')
})

describe('statements that were pasted', () => {
  test('hold blanks of Unicode and a byte order mark; in texts they stay', async () => {
    await curl('-d', 'CREATE TABLE t.pasted (s String) ENGINE = Memory', url)
    const points = [0x85, 0xa0, 0x180e, 0x2028, 0x2029, 0x202f, 0x205f, 0x2060, 0x3000, 0xfeff]
    for (let point = 0x2000; point <= 0x200d; point++) points.push(point)
    const blanks = points.map((point) => String.fromCodePoint(point))
    for (const blank of blanks) {
      const words = ['', 'SELECT', '1,', `hex('${blank}')`, 'AS', 'x', 'FORMAT', 'TSV', ';', '']
      const hex = Buffer.from(blank).toString('hex').toUpperCase()
      expect((await sendRequest(endpoint, { body: words.join(blank) })).text).toBe(`1\t${hex}\n`)
      const insert = ['', 'INSERT', 'INTO', 't.pasted', 'VALUES', `('${blank}')`]
      expect((await sendRequest(endpoint, { body: insert.join(blank) })).text).toBe('')
    }
    // The engine reads the blocks of a table in any order.
    const stored = await curl('-d', 'SELECT s FROM t.pasted FORMAT TSVRaw', url)
    expect(stored.slice(0, -1).split('\n').toSorted()).toEqual(blanks.toSorted())
    expect(await curl(`${url}/?query=%EF%BB%BFSELECT%C2%A01`)).toBe('1\n')
    expect(await ofFile('\ufeffSELECT 3 − 1', url)).toBe('2\n')
  })

  test('and quotes of typography, which are refused by their name and place', async () => {
    const refused = 'Code: 62. DB::Exception: Syntax error: failed at position'
    const hint = `is not accepted outside quotes; texts stand in ' and names in " or \`. (SYNTAX_ERROR)\n`
    expect(await ofFile('SELECT 1 AS “x”', url)).toBe(`${refused} 13: the character “ (U+201C) ${hint}`)
    expect(await ofFile('\ufeffSELECT\u00a0‘é’', url)).toBe(`${refused} 9: the character ‘ (U+2018) ${hint}`)
    expect(await ofFile('SELECT \'“é”\', "‘x’" FROM (SELECT 1 AS `‘x’`)', url)).toBe('“é”\t1\n')
  })
})

test('the summary holds what is known, and no wrong figure', async () => {
  const summaryOf = async (sql: string) => {
    const head = await curl('-D', '-', '-o', '/dev/null', '-d', sql, url)
    return JSON.parse(/^X-ClickHouse-Summary: (.+)$/m.exec(head)?.[1] ?? '')
  }
  const elapsed_ns = expect.stringMatching(/^\d+$/)
  await curl('-d', 'CREATE TABLE t.n (n UInt64) ENGINE = Memory', url)
  expect(await summaryOf('SELECT count() FROM numbers(1000)')).toEqual({ result_rows: '1', elapsed_ns })
  expect(await summaryOf('SELECT * FROM numbers(1000) LIMIT 7')).toEqual({ result_rows: '7', elapsed_ns })
  expect(await summaryOf('SELECT * FROM numbers(1000) FORMAT Null')).toEqual({ elapsed_ns })
  const written = { written_rows: '10', written_bytes: '80', elapsed_ns }
  expect(await summaryOf('INSERT INTO t.n SELECT * FROM numbers(1000) LIMIT 10')).toEqual(written)
  expect(await curl('-d', 'SELECT count() FROM numbers(1000) FORMAT JSON', url)).toMatch(/"rows_read": 1000/)
})

describe('Native of a newer revision', () => {
  const sentence =
    /^Code: 48\. DB::Exception: FORMAT Native of revision 54485 .* docs\/clients\.md .*\(NOT_IMPLEMENTED\)\n$/
  test.each([
    ['default_format=Native', 'SELECT 1'],
    ['default_format=native&compress=1', 'SELECT 1'],
    ['', 'SELECT 1 FORMAT Native'],
    ['default_format=Native', 'DESCRIBE TABLE system.one'],
  ])('%s: %s is refused, with what to do', async (parameters, sql) => {
    expect(await curl('-d', sql, `${url}/?client_protocol_version=54485&${parameters}`)).toMatch(sentence)
  })

  test.each([
    ['client_protocol_version=0&default_format=Native', 'SELECT 1', '\x01\x01\x011\x05UInt8\x01'],
    ['client_protocol_version=54485', 'SELECT 1', '1\n'],
    ['client_protocol_version=54485&default_format=Native', 'SELECT 1 FORMAT JSONEachRow', '{"1":1}\n'],
    ['client_protocol_version=54485&default_format=Native', 'INSERT INTO t.c FORMAT CSV\n1,a', ''],
    [
      'client_protocol_version=x',
      'SELECT 1',
      'Code: 6. DB::Exception: client_protocol_version must be a number. (CANNOT_PARSE_TEXT)\n',
    ],
  ])('%s: %s gives %j', async (parameters, sql, answer) => {
    expect(await curl('-d', sql, `${url}/?${parameters}`)).toBe(answer)
  })
})
