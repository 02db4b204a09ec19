import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { mavenJars } from './install.ts'
import { withEndpoint } from './with-endpoint.ts'

const run = promisify(execFile)

test('JDBC 0.9.4 with compress=0: batches, prepared statements, metadata, errors', async () => {
  const jars = await mavenJars('clickhouse-jdbc-0.9.4-slf4j-2.0.17', [
    'com.clickhouse:clickhouse-jdbc:0.9.4:jar:all',
    'org.slf4j:slf4j-api:2.0.17',
  ])
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
