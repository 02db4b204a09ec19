// The versions of every record, and the promise that none is ever edited. A record of the platform's topics lies in
// schemas/<record>/vN.avsc, a record of a source's own topics in sources/<source>/<record>/vN.avsc.
import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** One version of a record. */
export interface SchemaVersion {
  /** Below the project: schemas/timeseries-slice/v1.avsc. */
  path: string
  /** The folder of its versions: schemas/timeseries-slice. */
  record: string
  number: number
  /** As it is registered: white space does not count. */
  text: string
}

/** SHA-256 of every version that went out, by its path. */
export type KeptVersions = Record<string, string>

const project = new URL('../', import.meta.url)

/**
 * Every version of every record that lies in a room, by record and number.
 * @param room below the project: the folder that holds the records' folders
 * @throws when a record's versions are not v1 to vN without a gap, or something else lies among them
 */
export function versionsIn(room: string): SchemaVersion[] {
  const records = new Set(filesBelow(`${room}/**/*.avsc`).map((file) => file.slice(0, file.lastIndexOf('/'))))
  return [...records].flatMap((record) => {
    if (record.split('/').length !== room.split('/').length + 1)
      throw new Error(`${record} holds an .avsc file: the versions of a record lie in ${room}/<record>`)
    return numbered(
      record,
      filesBelow(`${record}/*`).map((file) => file.slice(record.length + 1)),
    ).map((file, index) => {
      const path = `${record}/${file}`
      const text = JSON.stringify(JSON.parse(readFileSync(new URL(path, project), 'utf8')))
      return { path, record, number: index + 1, text }
    })
  })
}

/** The rooms that may hold records, below the project: schemas, and the folder of each source. */
export const roomsOfRecords = (): string[] => [
  'schemas',
  ...filesBelow('sources/*/').map((folder) => folder.replace(/\/$/, '')),
]

const filesBelow = (pattern: string): string[] =>
  globSync(pattern, { cwd: fileURLToPath(project) })
    .map((file) => file.replaceAll('\\', '/'))
    .toSorted()

/** The files of a record in the order of their versions. Pure. @throws as versionsIn says */
export function numbered(record: string, files: readonly string[]): string[] {
  const expected = files.map((_, index) => `v${index + 1}.avsc`)
  const stray = files.filter((file) => !expected.includes(file))
  if (stray.length === 0) return expected
  const there = files.toSorted().join(', ')
  throw new Error(`${record} holds ${there}: versions are v1.avsc to vN.avsc without a gap, and nothing else`)
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
        ? `${path} went out and is gone: bring it back, old records are read with it`
        : `${path} went out and was edited: take the edit back and write it as the next version beside it`,
    ]
  })
}
