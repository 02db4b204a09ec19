import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { topicBytes } from './topic-bytes.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'tidemark-topics-'))
afterAll(() => rmSync(dataDir, { recursive: true }))
const write = (partition: string, file: string, bytes: number): void => {
  const directory = join(dataDir, 'kafka/messages', partition)
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, file), Buffer.alloc(bytes))
}

test('counts the records of all partitions of the topic, without indexes and other topics', () => {
  expect(topicBytes({ dataDir, parts: { kafka: {} as never } }, 'a.raw')).toBeNull()
  write('a.raw-0', '00000000000000000000.log', 100)
  write('a.raw-0', '00000000000000000000.index', 10_000)
  write('a.raw-0', '00000000000000000007.log', 20)
  write('a.raw-11', '00000000000000000000.log', 3)
  write('a.raw-more-0', '00000000000000000000.log', 5_000)
  expect(topicBytes({ dataDir, parts: { kafka: {} as never } }, 'a.raw')).toBe(123)
  expect(topicBytes({ dataDir, parts: { kafka: {} as never } }, 'b.raw')).toBe(0)
  expect(topicBytes({ dataDir, parts: {} }, 'a.raw')).toBeNull()
})
