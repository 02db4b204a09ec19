import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { pythonPackages } from './install.ts'
import { withEndpoint } from './with-endpoint.ts'

const run = promisify(execFile)

test("Python's clickhouse-connect: 200,000 rows in and out by every compression, nothing lost", async () => {
  const packages = ['clickhouse-connect==1.12.0', 'pandas', 'pyarrow']
  const path = await pythonPackages('clickhouse-connect-1.12.0', packages)
  if (path === undefined) return
  await withEndpoint(async (endpoint) => {
    const { hostname, port } = new URL(endpoint.url)
    const { user, password } = endpoint.credentials.writer
    const script = join(import.meta.dirname, 'connect_client.py')
    const environment = { ...process.env, PYTHONPATH: path, PYTHONDONTWRITEBYTECODE: '1' }
    const { stdout } = await run('python3', [script, hostname, port, user, password], { env: environment })
    const frame = { written: 200_000, rows: 200_000, sum: (199_999 * 200_000) / 2, last: 'n199999\n\n;', nulls: 1 }
    expect(JSON.parse(stdout)).toMatchObject({
      lz4: frame,
      zstd: frame,
      gzip: frame,
      False: frame,
      streamed: 500_000,
      parameter: "it's\n",
      setting: 1234,
      arrow: 10,
      error: true,
    })
  })
}, 400_000)
