// `npm run clients`: third-party clients, installed as users install them. They have their own endpoint.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sendRequest } from '#local/clickhouse/send-request.ts'
import { type RunningEndpoint, spawnEndpoint } from '#local/clickhouse/spawn.ts'
import { goProgram, type Installed, mavenJars, pythonPackages, rustProgram } from './install.ts'

const INSTALL_AND_RUN_MS = 1_800_000
const programs = join(import.meta.dirname, 'programs')
const execute = promisify(execFile)
let folder: string
let endpoint: RunningEndpoint

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-clients-'))
  endpoint = await spawnEndpoint({ dataDir: join(folder, 'clickhouse'), port: 0 })
  await sendRequest(endpoint, { body: 'CREATE DATABASE t' })
})

afterAll(async () => {
  await endpoint?.stop()
  await rm(folder, { recursive: true, force: true })
})

function client(name: string, install: () => Promise<Installed>, use: (installed: string) => Promise<void>): void {
  test(name, { timeout: INSTALL_AND_RUN_MS }, async ({ skip }) => {
    const { folder: installed, why } = await install()
    if (installed === undefined) return skip(why)
    await use(installed)
  })
}

async function run(command: string, parameters: string[], environment: Record<string, string> = {}): Promise<string> {
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...environment }
  return (await execute(command, parameters, { env, maxBuffer: 64 * 1024 * 1024 })).stdout
}

function address(): { host: string; port: string; user: string; password: string } {
  const { hostname: host, port } = new URL(endpoint.url)
  return { host, port, ...endpoint.credentials.writer }
}

const python = () =>
  pythonPackages('clickhouse-connect-1.12.0-sqlalchemy-2.1.9', [
    'clickhouse-connect==1.12.0',
    'sqlalchemy==2.1.9',
    'pandas',
    'pyarrow',
  ])

client(
  "Python's clickhouse-connect 1.12.0: 200,000 rows in and out by every compression, nothing lost",
  python,
  async (PYTHONPATH) => {
    const { host, port, user, password } = address()
    const program = join(programs, 'connect_client.py')
    const printed = await run('python3', [program, host, port, user, password], { PYTHONPATH })
    const frame = { written: 200_000, rows: 200_000, sum: (199_999 * 200_000) / 2, last: 'n199999\n\n;', nulls: 1 }
    expect(JSON.parse(printed)).toMatchObject({
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
  },
)

// 400 rows, with the even ids 0 to 398 as values: 2 * (0 + … + 199).
const ofEven = 39_800

client("SQLAlchemy 2.1.9 with clickhouse-connect's dialect: tables, reflection, errors", python, async (PYTHONPATH) => {
  const { host, port, user, password } = address()
  const program = join(programs, 'sqlalchemy_client.py')
  const printed = await run('python3', [program, host, port, user, password], { PYTHONPATH })
  expect(JSON.parse(printed)).toEqual({
    columns: ['id UInt32', 'name String', "at DateTime64(3, 'UTC')", 'v Nullable(Float64)'],
    counted: [400, ofEven, "a\n\n;'99"],
    parameter: "it's",
    error: true,
    tables: true,
  })
})

client(
  'dbt-clickhouse 1.10.3: seeds, views, tables, growing tables and tests',
  () => pythonPackages('dbt-clickhouse-1.10.3', ['dbt-clickhouse==1.10.3', 'dbt-core==1.10.23']),
  async (PYTHONPATH) => {
    const { host, port, user, password } = address()
    const environment = {
      PYTHONPATH,
      CLICKHOUSE_HOST: host,
      CLICKHOUSE_PORT: port,
      CLICKHOUSE_USER: user,
      CLICKHOUSE_PASSWORD: password,
      DBT_TARGET_PATH: join(folder, 'dbt'),
      DBT_LOG_PATH: join(folder, 'dbt'),
      DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
    }
    const project = join(programs, 'dbt')
    for (const more of ['0', '5']) {
      const parameters = ['build', '--project-dir', project, '--profiles-dir', project, '--vars', `more: ${more}`]
      const printed = await run('python3', ['-c', 'from dbt.cli.main import cli; cli()', ...parameters], environment)
      expect(printed).toMatch(/PASS=6 WARN=0 ERROR=0/)
    }
    expect((await sendRequest(endpoint, { body: 'SELECT * FROM dbt.kept ORDER BY id' })).text).toBe(
      '1\tA\n2\tB\\n\\n;\n',
    )
    expect((await sendRequest(endpoint, { body: 'SELECT count(), sum(n) FROM dbt.growing' })).text).toBe('15\t105\n')
  },
)

client(
  'JDBC 0.9.4 with compress=0: batches, prepared statements, metadata, errors',
  () =>
    mavenJars('clickhouse-jdbc-0.9.4-slf4j-2.0.17', [
      'com.clickhouse:clickhouse-jdbc:0.9.4:jar:all',
      'org.slf4j:slf4j-api:2.0.17',
    ]),
  async (jars) => {
    const { host, port, user, password } = address()
    const program = join(programs, 'JdbcClient.java')
    const printed = await run('java', ['-cp', join(jars, '*'), program, `${host}:${port}`, user, password])
    expect(printed.trim().split('\n')).toEqual([
      "counted 400 39800.0 a||DROP TABLE t.j;'99",
      'columns id name at v',
      'streamed 100000',
      'error true',
    ])
  },
)

client(
  "Rust's clickhouse 0.15.3 without its compression: inserts, rows, parameters, errors",
  () => rustProgram('rust-clickhouse-0.15.3', join(programs, 'rust')),
  async (built) => {
    const { user, password } = address()
    const printed = await run(join(built, 'client'), [endpoint.url, user, password])
    expect(printed.trim().split('\n')).toEqual([
      `read 400 ${ofEven} "a\\n\\n;'399"`,
      'streamed 100000',
      'parameter "it\'s\\n"',
      'error true',
    ])
  },
)

client(
  'clickhouse-go 2.51.0, which is not served, shows what to do, whatever its compression',
  () => goProgram('clickhouse-go-2.51.0', join(programs, 'go')),
  async (built) => {
    const { host, port, user, password } = address()
    const printed = await run(join(built, 'client'), [`${host}:${port}`, user, password])
    const sentence = /FORMAT Native of revision \d+ \(client_protocol_version\) is not served.*docs\/clients\.md/
    const lines = printed.trim().split('\n')
    expect(lines.map((line) => [line.split(' ')[0], sentence.test(line)])).toEqual(
      ['none', 'gzip', 'deflate', 'br', 'lz4', 'zstd'].map((method) => [method, true]),
    )
  },
)
