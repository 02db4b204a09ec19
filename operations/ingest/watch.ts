import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync, type Stats, statSync } from 'node:fs'
import { printable } from '#platform/process/printable.ts'
import { pause } from '#platform/process/retry.ts'
import type { Position } from './chunk.ts'
import type { ReadOptions } from './send-file.ts'

interface FollowedFile {
  size: number
  modifiedMs: number
  inode: number
  /** Position reached; undefined for a compressed file. */
  end: Position | undefined
  /** Hash of the last bytes before position `end`; empty if `end` is undefined. */
  tail: string
  unfinishedSinceMs: number | undefined
}

/** Reads the new content. Returns the position to resume from; undefined if the next reading begins at the start. */
type FileReader = (path: string, options: ReadOptions) => Promise<Position | undefined>

const lookEveryMs = 1_000
/** Time without a change of the file after which a last line without a line end counts as finished, ms. */
const quietMs = 5_000
const tailBytes = 4_096

/** Reads new content of the files until `stop`. Reads a file that was cut, replaced or rewritten from its start. */
export async function watchFiles(
  list: () => string[],
  read: FileReader,
  say: (text: string) => void,
  stop: AbortSignal,
): Promise<void> {
  const followed = new Map<string, FollowedFile>()
  while (!stop.aborted) {
    for (const path of list()) {
      if (stop.aborted) break
      const stats = statSync(path, { throwIfNoEntry: false })
      if (stats !== undefined) await look(path, stats, followed, read, say)
    }
    await pause(lookEveryMs, stop)
  }
}

async function look(
  path: string,
  stats: Stats,
  followed: Map<string, FollowedFile>,
  read: FileReader,
  say: (text: string) => void,
): Promise<void> {
  const before = followed.get(path)
  const same = before?.size === stats.size && before.modifiedMs === stats.mtimeMs && before.inode === stats.ino
  const unfinishedFor = before?.unfinishedSinceMs === undefined ? 0 : performance.now() - before.unfinishedSinceMs
  const nowFinished = same && unfinishedFor >= quietMs
  if (same && !nowFinished) return
  const end = before?.end
  const goesOn = end !== undefined && before !== undefined && continues(path, stats, before, end)
  if (before !== undefined && !goesOn && before.end !== undefined) {
    say(`${printable(path)} was cut, replaced or rewritten: it is read from its beginning again`)
  }
  const reached = await read(path, {
    followed: true,
    leaveUnfinished: !nowFinished,
    ...(goesOn && { from: end }),
  })
  const unfinished = reached !== undefined && reached.byte < stats.size && !nowFinished
  followed.set(path, {
    size: stats.size,
    modifiedMs: stats.mtimeMs,
    inode: stats.ino,
    end: reached,
    tail: reached === undefined ? '' : tailOf(path, reached.byte),
    unfinishedSinceMs: unfinished ? performance.now() : undefined,
  })
}

function continues(path: string, stats: Stats, before: FollowedFile, end: Position): boolean {
  const longer = stats.ino === before.inode && stats.size >= end.byte && !end.withinLine
  const rewritten = stats.size === before.size && stats.mtimeMs !== before.modifiedMs
  return longer && !rewritten && tailOf(path, end.byte) === before.tail
}

function tailOf(path: string, byte: number): string {
  const length = Math.min(tailBytes, byte)
  const tail = Buffer.alloc(length)
  try {
    const file = openSync(path, 'r')
    try {
      readSync(file, tail, 0, length, byte - length)
    } finally {
      closeSync(file)
    }
  } catch {
    return ''
  }
  return createHash('sha256').update(tail).digest('hex')
}
