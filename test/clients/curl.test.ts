import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { withEndpoint } from './with-endpoint.ts'

const run = promisify(execFile)

test('curl, as the documentation of ClickHouse uses it', async () => {
  await withEndpoint(async (endpoint) => {
    const { user, password } = endpoint.credentials.writer
    const curl = async (...args: string[]) => (await run('curl', ['-sS', '-u', `${user}:${password}`, ...args])).stdout
    const { url } = endpoint
    expect(await curl(`${url}/ping`)).toBe('Ok.\n')
    expect(await curl(`${url}/?query=SELECT%201`)).toBe('1\n')
    expect(await curl('-G', '--data-urlencode', 'query=SELECT 1 AS x FORMAT JSONEachRow', url)).toBe('{"x":1}\n')
    expect(
      await curl('--data-binary', 'CREATE TABLE t.c (a UInt32, s String) ENGINE = MergeTree ORDER BY a', url),
    ).toBe('')
    const file = join(tmpdir(), `tidemark-curl-${process.pid}.csv`)
    onTestFinished(() => rm(file, { force: true }))
    // Larger than a megabyte: curl asks "Expect: 100-continue" first.
    await writeFile(file, Array.from({ length: 200_000 }, (_, i) => `${i},"x\n\n${i}"`).join('\n'))
    const insert = `${url}/?query=${encodeURIComponent('INSERT INTO t.c FORMAT CSV')}`
    expect(await curl('--data-binary', `@${file}`, insert)).toBe('')
    expect(
      await curl('--compressed', '-d', 'SELECT count(), max(a) FROM t.c', `${url}/?enable_http_compression=1`),
    ).toBe('200000\t199999\n')
    const refused = await run('curl', ['-sS', '-o', '/dev/null', '-w', '%{http_code}', '-d', 'SELECT 1', url])
    expect(refused.stdout).toBe('403')
    const form = await curl('-F', 'query=SELECT {p:String}', '-F', 'param_p=long value', url)
    expect(form).toBe('long value\n')
    expect(await curl('-F', 'query=SELECT 1', '-F', `ext=@${file}`, url)).toMatch(/^Code: 48/)
  })
})
