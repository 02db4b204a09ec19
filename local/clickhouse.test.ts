import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { chooseEngine, clickHouseServerConfig, storeAccess } from './clickhouse.ts'

let directory: string
let data: string
let binaries: string
let command: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-engine-'))
  data = join(directory, 'data')
  binaries = join(directory, 'bin')
  command = join(binaries, 'clickhouse')
  for (const path of [data, binaries]) mkdirSync(path)
  writeFileSync(command, '')
  chmodSync(command, 0o755)
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('without a clickhouse on the PATH the embedded engine serves', () => {
  expect(chooseEngine(data, '/nowhere')).toEqual({ kind: 'embedded' })
  chmodSync(command, 0o644)
  expect(chooseEngine(data, binaries)).toEqual({ kind: 'embedded' })
})

test('a clickhouse on the PATH is preferred for a new directory', () => {
  expect(chooseEngine(data, ['/nowhere', binaries].join(delimiter))).toEqual({ kind: 'server', command })
})

test('a directory stays with the engine that it was begun with', () => {
  mkdirSync(join(data, 'clickhouse'))
  expect(chooseEngine(data, binaries)).toEqual({ kind: 'embedded' })
  rmSync(join(data, 'clickhouse'), { recursive: true })
  mkdirSync(join(data, 'clickhouse-server'))
  expect(chooseEngine(data, binaries)).toEqual({ kind: 'server', command })
  expect(() => chooseEngine(data, '/nowhere')).toThrow(/begun with a clickhouse binary that is on the PATH no longer/)
})

test('both engines have the same two users, whose passwords stay the same', () => {
  const first = storeAccess(data, 8123)
  expect(first).toMatchObject({ url: 'http://127.0.0.1:8123', user: 'tidemark', reader: { user: 'reader' } })
  expect(storeAccess(data, 8123)).toEqual(first)
})

test('the server listens on loopback HTTP alone, keeps to its directory, and gets hashes', () => {
  const writer = { user: 'tidemark', password: 'open' }
  const config = clickHouseServerConfig('/data/a&b', 18123, { writer, reader: { user: 'reader', password: 'sesame' } })
  expect(config).toContain('<listen_host>127.0.0.1</listen_host>')
  expect(config).toContain('<http_port>18123</http_port>')
  expect(config).not.toMatch(/tcp_port|mysql_port|postgresql_port|interserver/)
  expect([...config.matchAll(/_path>(.*)<\//g), ...config.matchAll(/<path>(.*)<\//g)].map((match) => match[1])).toEqual(
    expect.arrayContaining([expect.stringMatching(/^\/data\/a&amp;b\//)]),
  )
  expect(config).toContain(createHash('sha256').update('sesame').digest('hex'))
  expect(config).not.toMatch(/open<|sesame/)
})
