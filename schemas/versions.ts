// The versions of every record, as they lie in schemas/<record>/vN.avsc, and the promise that none is ever edited.
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { schemaTextAt } from './records.ts'

/** One version of a record. */
export interface SchemaVersion {
  /** Below schemas/: timeseries-slice/v1.avsc. */
  path: string
  record: string
  number: number
  /** As it is registered: white space does not count. */
  text: string
}

/** SHA-256 of every version that went out, by its path. */
export type KeptVersions = Record<string, string>

const room = new URL('.', import.meta.url)

/**
 * Every version of every record, by record and number.
 * @throws when a record's versions are not v1 to vN without a gap, or something else lies among them
 */
export function schemaVersions(): SchemaVersion[] {
  const records = readdirSync(room, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && entry.name !== 'generated',
  )
  return records.flatMap(({ name }) => {
    const files = readdirSync(new URL(`${name}/`, room))
    return numbered(name, files).map((file, index) => {
      const path = `${name}/${file}`
      return { path, record: name, number: index + 1, text: schemaTextAt(path) }
    })
  })
}

/** The files of a record in the order of their versions. Pure. @throws as schemaVersions says */
export function numbered(record: string, files: readonly string[]): string[] {
  const expected = files.map((_, index) => `v${index + 1}.avsc`)
  const stray = files.filter((file) => !expected.includes(file))
  if (stray.length === 0) return expected
  const there = files.toSorted().join(', ')
  throw new Error(`schemas/${record} holds ${there}: versions are v1.avsc to vN.avsc without a gap, and nothing else`)
}

/** What is kept of the versions there are. */
export function keptVersions(versions: readonly SchemaVersion[]): KeptVersions {
  return Object.fromEntries(versions.map(({ path, text }) => [path, createHash('sha256').update(text).digest('hex')]))
}

/** What became of versions that went out and should be as they were: one sentence each; none when all are. Pure. */
export function brokenVersions(kept: KeptVersions, now: KeptVersions): string[] {
  return Object.entries(kept).flatMap(([path, hash]) => {
    if (now[path] === hash) return []
    return [
      now[path] === undefined
        ? `schemas/${path} went out and is gone: bring it back, old records are read with it`
        : `schemas/${path} went out and was edited: take the edit back and write it as the next version beside it`,
    ]
  })
}
