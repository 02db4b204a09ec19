import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { datasetsByName } from '#core/datasets.ts'
import { tidemark } from '../../test/support/tidemark-command.ts'
import { readExportOptions } from './export.ts'
import { readAddresses } from './public-addresses.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-export-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** Runs without a stack, with settings that name hosts inside. */
const run = (...args: string[]) =>
  tidemark(['catalogue', 'export', ...args], {
    ...{ ...process.env, TIDEMARK_HOME: join(directory, 'nothing'), JAO_BASE_URL: 'http://inner-host:8080' },
    ...{ KAFKA_BROKERS: 'inner-host:9092', CLICKHOUSE_URL: 'http://inner-host:8123', CLICKHOUSE_PASSWORD: 'geheim' },
  })

const names = [...datasetsByName.keys()].toSorted()
const inside = /localhost|127\.0\.0\.1|inner-host|geheim|password|\/home\/|\/tmp\/|\/root\/|file:|:\d{4,5}\b/

test('without a stack contracts are exported from the declarations, which is said, and name nothing inside', async () => {
  const { stdout, stderr, code } = await run('--format', 'odcs')
  expect({ stderr, code }).toEqual({
    code: 0,
    stderr:
      'Exported what is declared alone: what was kept in the last 30 days is read where a stack runs (`npx tidemark up`).\n',
  })
  const contracts = parseAllDocuments(stdout).map((document) => document.toJS() as { id: string })
  expect(contracts.map(({ id }) => id)).toEqual(names.map((name) => `urn:tidemark:${name}`))
  expect(stdout).not.toMatch(inside)
})

test('a catalogue for portals needs no stack, and names nothing inside', async () => {
  const { stdout, stderr, code } = await run('--format', 'dcat')
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  expect(JSON.parse(stdout)['dcat:dataset']).toHaveLength(names.length)
  expect(stdout).not.toMatch(inside)
})

test('--out writes a file a dataset', async () => {
  const out = join(directory, 'deep/contracts')
  const { stdout, stderr, code } = await run('--format', 'odcs', '--declared', '--out', out)
  expect({ stdout, code }).toEqual({ stdout: '', code: 0 })
  expect(stderr).toMatch(/without --declared\.\n86 files in /)
  expect(readdirSync(out).toSorted()).toEqual(names.map((name) => `${name}.odcs.yaml`).toSorted())
  expect(readFileSync(join(out, 'kraken.ticker.odcs.yaml'), 'utf8')).toContain('id: "urn:tidemark:kraken.ticker"\n')
  writeFileSync(join(directory, 'taken'), '')
  const refused = await run('--format', 'dcat', '--out', join(directory, 'taken'))
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^tidemark: Cannot write into .*taken \(EEXIST\)/),
  })
})

test('run events need a stack', async () => {
  const { stderr, code } = await run('--format', 'openlineage')
  expect(code).toBe(1)
  expect(stderr).toMatch(/^tidemark: No stack runs in .*start one with `npx tidemark up`/)
})

test.each([
  [undefined, { format: 'openlineage', declared: true }, '--declared and --format openlineage exclude each other'],
  [undefined, { format: 'odcs', from: '2026-11-01' }, '--from and --to are for --format openlineage: odcs has no span'],
  [undefined, { format: 'openlineage', from: '2026-11-01' }, '--from and --to belong together'],
  [undefined, { format: 'openlineage', from: '2026-11-02', to: '2026-11-01' }, '--from 2026-11-02 is after --to'],
  [undefined, { format: 'openlineage', from: '2026-13-02', to: '2026-11-01' }, '--from 2026-13-02 is not a day'],
  [
    undefined,
    { format: 'odcs', push: 'http://marquez:5000' },
    '--push is for --format openlineage: odcs has no events',
  ],
  [undefined, { format: 'openlineage', push: 'http://marquez:5000', out: 'x' }, '--push and --out exclude each other'],
  [undefined, { format: 'openlineage', push: 'marquez:5000' }, 'is not an address of an OpenLineage server'],
  [undefined, { format: 'odcs', out: ' ' }, '--out is empty'],
  ['jao.core.atx', { format: 'odcs' }, 'There is no dataset jao.core.atx'],
] as const)('refuses %s %j', (name, options, message) => {
  expect(() => readExportOptions(name, options)).toThrow(message)
})

test('public addresses are read', () => {
  expect(readAddresses({})).toEqual({ url: null, kafka: null, clickhouse: null })
  expect(
    readAddresses({
      publicUrl: 'https://data.example.org/tides/',
      ...{ publicKafka: 'kafka.example.org:9092', publicClickhouse: '[2001:db8::1]:8443' },
    }),
  ).toEqual({
    url: 'https://data.example.org/tides',
    kafka: { host: 'kafka.example.org', port: 9092 },
    clickhouse: { host: '[2001:db8::1]', port: 8443 },
  })
})

test.each([
  [{ publicUrl: 'data.example.org' }, '--public-url data.example.org is not an address'],
  [{ publicUrl: 'ftp://data.example.org' }, 'is not an address'],
  [{ publicUrl: 'https://me:secret@data.example.org' }, '--public-url has a user, a password'],
  [{ publicUrl: 'https://data.example.org/?key=1' }, '--public-url has a user, a password, a query'],
  [{ publicKafka: 'kafka.example.org' }, '--public-kafka kafka.example.org is not a host and a port'],
  [{ publicKafka: 'kafka.example.org:0' }, 'is not a host and a port'],
  [{ publicClickhouse: 'https://store.example.org:8443' }, '--public-clickhouse https://store.example.org:8443 is not'],
  [{ publicClickhouse: 'store.example.org:99999' }, 'is not a host and a port'],
])('refuses the address %j', (options, message) => {
  expect(() => readAddresses(options)).toThrow(message)
})
