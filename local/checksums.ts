import { createHash } from 'node:crypto'
import { createReadStream, lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { FileChecksums, Manifest } from '#core/known-backups.ts'

export function partsOf(files: FileChecksums): Manifest['parts'] {
  const parts: Manifest['parts'] = {}
  for (const [path, { bytes }] of Object.entries(files)) {
    const name = path.split('/')[0] ?? path
    const part = parts[name] ?? { files: 0, bytes: 0 }
    parts[name] = { files: part.files + 1, bytes: part.bytes + bytes }
  }
  return parts
}

export function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort()
}

/**
 * Returns size and SHA-256 of each file. For a link, both are of the path that it points to. `bytes` says of which files
 * only the beginning counts.
 */
export async function checksumsOf(
  directory: string,
  paths: readonly string[],
  progress: (files: number) => void,
  bytes: (path: string) => number | undefined = () => undefined,
): Promise<FileChecksums> {
  const sums: FileChecksums = {}
  for (const [index, path] of paths.entries()) {
    sums[path] = await checksumOf(join(directory, path), bytes(path))
    progress(index + 1)
  }
  return sums
}

async function checksumOf(path: string, begin: number | undefined): Promise<FileChecksums[string]> {
  const hash = createHash('sha256')
  const stat = lstatSync(path)
  const bytes = Math.min(stat.size, begin ?? stat.size)
  if (stat.isSymbolicLink()) hash.update(`-> ${readlinkSync(path)}`)
  // Setting up a stream takes longer than reading a small file.
  else if (stat.size < 1024 * 1024) hash.update((await readFile(path)).subarray(0, bytes))
  else if (bytes > 0) await pipeline(createReadStream(path, { end: bytes - 1 }), hash)
  return { bytes, sha256: hash.digest('hex') }
}

export function firstDifference(expected: FileChecksums, found: FileChecksums): string | undefined {
  const paths = [...new Set([...Object.keys(expected), ...Object.keys(found)])].sort()
  return paths.find((path) => expected[path]?.sha256 !== found[path]?.sha256)
}
