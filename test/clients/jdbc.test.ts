import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { mavenJar } from './install.ts'
import { withEndpoint } from './with-endpoint.ts'

const run = promisify(execFile)

test('JDBC 0.9.4 with compress=0: batches, prepared statements, metadata, errors', async () => {
  const jars = await mavenJar('clickhouse-jdbc-0.9.4', 'com.clickhouse:clickhouse-jdbc:0.9.4:jar:all')
  if (jars === undefined) return
  await withEndpoint(async (endpoint) => {
    const { user, password } = endpoint.credentials.writer
    const program = join(import.meta.dirname, 'JdbcClient.java')
    const address = new URL(endpoint.url).host
    const { stdout } = await run('java', ['-cp', join(jars, '*'), program, address, user, password])
    expect(stdout.trim().split('\n')).toEqual([
      "counted 400 39800.0 a||DROP TABLE t.j;'99",
      'columns id name at v',
      'streamed 100000',
      'error true',
    ])
  })
}, 400_000)
