import type { Answer, ExplodeResult, RefusedPart } from '../source.ts'
import { countFlags, flagsOfVotes } from './checks.ts'
import { emptyColumns, lastOfEach } from './columns.ts'
import type { VoteBatch } from './generated/records.ts'
import { takeUsualLine } from './usual-line.ts'
import { takeLine } from './vote-line.ts'

export const batchesTopic = 'batches'
export const maxLineBytes = 1_000_000

const newline = 0x0a
const carriageReturn = 0x0d

/**
 * Returns one record per chunk. If votes have the same Id, the last line counts. The header `first-line` is the number
 * of the chunk's first line, from 1. `starts-within-line` is `true` if the chunk begins with the end of a split line.
 */
export function explodeVotes({ body, window, url = 'unknown', headers = {} }: Answer): ExplodeResult {
  const firstLine = Number(headers['first-line'] ?? '1')
  const columns = emptyColumns()
  const refusedParts: RefusedPart[] = []
  let blankLines = 0
  let lines = 0
  let start = headers['starts-within-line'] === 'true' ? afterLine(body, 0) : skipByteOrderMark(body, firstLine)
  const skipped = start > 0 && headers['starts-within-line'] === 'true' ? 1 : 0
  while (start < body.length) {
    const next = afterLine(body, start)
    const end = trimmedEnd(body, start, next)
    const line = firstLine + skipped + lines++
    if (!takeUsualLine(body, start, end, columns)) {
      if (isBlank(body, start, end)) blankLines++
      else {
        const why =
          end - start > maxLineBytes
            ? `is longer than ${maxLineBytes} bytes`
            : takeLine(body.subarray(start, end), columns)
        if (why !== undefined) refusedParts.push(refusedLine(body.subarray(start, next), url, line, why))
      }
    }
    start = next
  }
  const votes = lastOfEach(columns)
  const repeatedIds = columns.ids.length - votes.ids.length
  const counts = { lines, blankLines, refusedLines: refusedParts.length, repeatedIds }
  const flags = flagsOfVotes(votes, window)
  const record = { topic: batchesTopic, key: url, fields: { file: url, firstLine, ...counts, ...votes, flags } }
  const ignored: Record<string, number> = repeatedIds > 0 ? { 'repeated-id': repeatedIds } : {}
  return { slices: [], records: [record], refusedParts, ignored, flaggedRows: countFlags(flags) }
}

/** Returns the newest CreationDate of a batch, ms UTC. Returns -Infinity if the batch has no votes. */
export const lastCreationMs = ({ creationDates }: Pick<VoteBatch, 'creationDates'>): number =>
  creationDates.reduce((last, ms) => Math.max(last, ms), Number.NEGATIVE_INFINITY)

function refusedLine(line: Uint8Array, file: string, number: number, why: string): RefusedPart {
  return {
    refusal: { reason: 'line', message: `${file} line ${number} ${why}` },
    body: line,
    headers: { 'first-line': `${number}`, 'starts-within-line': 'false' },
  }
}

function afterLine(bytes: Uint8Array, start: number): number {
  const end = bytes.indexOf(newline, start)
  return end < 0 ? bytes.length : end + 1
}

function trimmedEnd(bytes: Uint8Array, start: number, next: number): number {
  let end = next
  if (end > start && bytes[end - 1] === newline) end--
  if (end > start && bytes[end - 1] === carriageReturn) end--
  return end
}

function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]
    if (byte !== 0x20 && byte !== 0x09 && byte !== carriageReturn) return false
  }
  return true
}

/** Returns the index after a byte order mark, which only the first chunk of a file may have, or else 0. */
function skipByteOrderMark(bytes: Uint8Array, firstLine: number): number {
  return firstLine === 1 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
}
