// A chunk of a vote file becomes one VoteBatch; lines that hold no vote are refused one by one.
import type { Answer, ExplodeResult, RefusedPart } from '../source.ts'
import { emptyColumns, lastOfEach } from './columns.ts'
import type { VoteBatch } from './generated/records.ts'
import { takeUsualLine } from './usual-line.ts'
import { takeLine } from './vote-line.ts'

/** Suffix of the topic of VoteBatch records. */
export const batchesTopic = 'batches'
/** Longer lines are refused. */
export const maxLineBytes = 1_000_000

const newline = 0x0a
const carriageReturn = 0x0d

/**
 * One record for the chunk, also where it holds no vote, and a refused part for each bad line, which names file and line.
 * Within a chunk the last line of an Id counts. Headers of the chunk: `first-line` (from 1), and `starts-within-line`
 * where its beginning is the end of a line too long to be held.
 */
export function explodeVotes({ body, url = 'unknown', headers = {} }: Answer): ExplodeResult {
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
  const record = { topic: batchesTopic, key: url, fields: { file: url, firstLine, ...counts, ...votes } }
  return { slices: [], records: [record], refusedParts, ignored: repeatedIds > 0 ? { 'repeated-id': repeatedIds } : {} }
}

/** The newest CreationDate of a batch, ms UTC; of one without votes it is before all time. */
export const lastCreationMs = ({ creationDates }: Pick<VoteBatch, 'creationDates'>): number =>
  creationDates.reduce((last, ms) => Math.max(last, ms), Number.NEGATIVE_INFINITY)

function refusedLine(line: Uint8Array, file: string, number: number, why: string): RefusedPart {
  return {
    refusal: { reason: 'line', message: `${file} line ${number} ${why}` },
    body: line,
    headers: { 'first-line': `${number}`, 'starts-within-line': 'false' },
  }
}

/** Where the line after the one at `start` begins. */
function afterLine(bytes: Uint8Array, start: number): number {
  const end = bytes.indexOf(newline, start)
  return end < 0 ? bytes.length : end + 1
}

/** The end of a line without its LF or CR LF. */
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

/** A byte order mark may stand at the beginning of a file, nowhere else. */
function skipByteOrderMark(bytes: Uint8Array, firstLine: number): number {
  return firstLine === 1 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
}
