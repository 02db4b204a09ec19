// The schema versions of every record. A published version is never edited. Files: schemas/<record>/vN.avsc for the
// platform's topics, sources/<source>/<record>/vN.avsc for a source's own topics.
import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface SchemaVersion {
  path: string
  record: string
  number: number
  /** The schema text that is sent to the registry: JSON without white space. */
  text: string
}

export type PublishedHashes = Record<string, string>

const project = new URL('../', import.meta.url)

/** Returns a folder's schema versions, sorted by record and number. @throws if a record's numbers have a gap */
export function versionsIn(room: string): SchemaVersion[] {
  const records = new Set(filesBelow(`${room}/**/*.avsc`).map((file) => file.slice(0, file.lastIndexOf('/'))))
  return [...records].flatMap((record) => {
    if (record.split('/').length !== room.split('/').length + 1)
      throw new Error(`${record} holds an .avsc file: the versions of a record lie in ${room}/<record>`)
    return versionFiles(
      record,
      filesBelow(`${record}/*`).map((file) => file.slice(record.length + 1)),
    ).map((file, index) => {
      const path = `${record}/${file}`
      const text = JSON.stringify(JSON.parse(readFileSync(new URL(path, project), 'utf8')))
      return { path, record, number: index + 1, text }
    })
  })
}

export const recordFolders = (): string[] => [
  'schemas',
  ...filesBelow('sources/*/').map((folder) => folder.replace(/\/$/, '')),
]

const filesBelow = (pattern: string): string[] =>
  globSync(pattern, { cwd: fileURLToPath(project) })
    .map((file) => file.replaceAll('\\', '/'))
    .toSorted()

/** Returns a record's file names in version order. Pure. @throws if the names are not v1.avsc to vN.avsc */
export function versionFiles(record: string, files: readonly string[]): string[] {
  const expected = files.map((_, index) => `v${index + 1}.avsc`)
  const stray = files.filter((file) => !expected.includes(file))
  if (stray.length === 0) return expected
  const there = files.toSorted().join(', ')
  throw new Error(`${record} holds ${there}: versions are v1.avsc to vN.avsc without a gap, and nothing else`)
}

export function hashesOf(versions: readonly SchemaVersion[]): PublishedHashes {
  return Object.fromEntries(versions.map(({ path, text }) => [path, createHash('sha256').update(text).digest('hex')]))
}

const unreleased =
  'If it was never released, take its line out of schemas/generated/versions.json and run `npm run generate` again.'

/** Returns sentences for each published version that was edited or removed: what to do, and what before a release. Pure. */
export function brokenVersions(kept: PublishedHashes, now: PublishedHashes): string[] {
  return Object.entries(kept).flatMap(([path, hash]) => {
    if (now[path] === hash) return []
    return [
      now[path] === undefined
        ? `${path} went out and is gone: bring it back, old records are read with it. ${unreleased}`
        : `${path} went out and was edited: take the edit back and write it as the next version beside it. ${unreleased}`,
    ]
  })
}
