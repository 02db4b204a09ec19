import avsc from 'avsc'
import { describe, expect, test } from 'vitest'
import { incompatibility } from '#platform/kafka/compatibility.ts'
import * as platformRecords from '#schemas/generated/records.ts'
import {
  brokenVersions,
  hashesOf,
  recordFolders,
  type SchemaVersion,
  versionFiles,
  versionsIn,
} from '#schemas/versions.ts'
import { sources } from '#sources/index.ts'

const byRecord = Map.groupBy(recordFolders().flatMap(versionsIn), ({ record }) => record)
const records = [...byRecord].map(([record, versions]) => ({ record, versions }))
const pairsOf = (versions: SchemaVersion[]) => versions.flatMap((one) => versions.map((other) => [one, other] as const))

test('every folder is a record that is declared, with its newest version', () => {
  const newest = records.flatMap(({ versions }) => versions.at(-1) ?? []).map(({ path, text }) => [path, text])
  const ofSources = sources.flatMap(({ topics = [] }) => topics.map(({ record }) => record))
  const declared = [...Object.values(platformRecords), ...ofSources].map(({ file, text }) => [file, text])
  expect(newest.toSorted()).toEqual(declared.toSorted())
  expect(newest).toContainEqual(['sources/votes/vote-batch/v2.avsc', expect.stringContaining('"name":"VoteBatch"')])
})

describe.each(records)('every version of $record reads every other', ({ versions }) => {
  test('by the rules', () => {
    for (const [one, other] of pairsOf(versions)) {
      expect([one.path, other.path, incompatibility(one.text, other.text)]).toEqual([one.path, other.path, undefined])
    }
  })

  test('and in fact: whatever one writes', () => {
    for (const [reader, writer] of pairsOf(versions)) readsWhatIsWritten(reader.text, writer.text)
  })
})

/** Random values of the writer's schema; what both schemas have must come out as it went in. */
function readsWhatIsWritten(reader: string, writer: string): void {
  const typeOf = (text: string) => avsc.Type.forSchema(JSON.parse(text)) as avsc.types.RecordType
  const [reading, writing] = [typeOf(reader), typeOf(writer)]
  const resolver = reading.createResolver(writing)
  for (let round = 0; round < 50; round++) {
    const written = { ...writing.random() } as Record<string, unknown>
    const read: Record<string, unknown> = { ...reading.fromBuffer(writing.toBuffer(written), resolver) }
    expect(plain(read)).toEqual(plain(expectedOf(reading, writing, written)))
  }
}

/** What the reader's record holds of a written one: what both have as it went in, else the default; records within likewise. */
function expectedOf(
  reading: avsc.types.RecordType,
  writing: avsc.types.RecordType,
  written: Record<string, unknown>,
): Record<string, unknown> {
  const expected = reading.fields.map(({ name, type, defaultValue }) => {
    const field = writing.field(name)
    if (field === undefined) return [name, defaultValue()]
    const value = written[name]
    if (!(type instanceof avsc.types.RecordType && field.type instanceof avsc.types.RecordType)) return [name, value]
    return [name, expectedOf(type, field.type, value as Record<string, unknown>)]
  })
  return Object.fromEntries(expected)
}

// avsc gives records a class of their own.
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value) ?? 'null')

describe('the rules', () => {
  const record = (...fields: object[]) => JSON.stringify({ type: 'record', name: 'R', fields })
  const text = { name: 'text', type: 'string' }
  const old = record(text)
  test.each([
    ['a field added with a default', record(text, { name: 'more', type: ['null', 'int'], default: null }), undefined],
    ['a field added without', record(text, { name: 'more', type: 'int' }), /more/],
    ['a field taken away that had no default', record(), /text/],
    ['another type', record({ name: 'text', type: 'int' }), /^field text: cannot read "int" as "string"/],
    ['a wider type, which only one way can read', record({ name: 'text', type: ['null', 'string'] }), /^field text: /],
  ])('%s', (_name, changed, reason) => {
    const found = incompatibility(old, changed)
    if (reason === undefined) expect(found).toBeUndefined()
    else expect(found).toMatch(reason)
    expect(incompatibility(changed, old) === undefined).toBe(reason === undefined)
  })
})

describe('a version that went out', () => {
  const version = (number: number, text: string): SchemaVersion => ({
    path: `schemas/r/v${number}.avsc`,
    record: 'schemas/r',
    number,
    text,
  })
  const kept = hashesOf([version(1, 'one'), version(2, 'two')])

  test('may be followed by another', () => {
    const more = hashesOf([version(1, 'one'), version(2, 'two'), version(3, 'three')])
    expect(brokenVersions(kept, more)).toEqual([])
  })

  test('is never edited and never taken away', () => {
    expect(brokenVersions(kept, hashesOf([version(1, 'edited')]))).toEqual([
      expect.stringMatching(/^schemas\/r\/v1\.avsc went out and was edited: /),
      expect.stringMatching(/^schemas\/r\/v2\.avsc went out and is gone: /),
    ])
  })

  test('may be edited before its first release: each sentence says how', () => {
    for (const sentence of brokenVersions(kept, hashesOf([version(1, 'edited')]))) {
      expect(sentence).toMatch(
        /If it was never released, take its line out of schemas\/generated\/versions\.json and run `npm run generate` again\.$/,
      )
    }
  })

  test('is one of v1 to vN, with nothing else beside them', () => {
    expect(
      versionFiles('schemas/r', ['v10.avsc', 'v9.avsc', ...Array.from({ length: 8 }, (_, n) => `v${n + 1}.avsc`)]),
    ).toEqual(Array.from({ length: 10 }, (_, n) => `v${n + 1}.avsc`))
    for (const files of [['v2.avsc'], ['v1.avsc', 'v3.avsc'], ['v1.avsc', 'V2.avsc'], ['v1.avsc', 'notes.md']]) {
      expect(() => versionFiles('schemas/r', files)).toThrow(`schemas/r holds ${files.toSorted().join(', ')}: `)
    }
  })
})
