import type { Summary } from '#operations/ingest/ingest.ts'
import type { FileSummary } from '#operations/ingest/send-file.ts'
import { printable } from '#platform/process/printable.ts'
import type { FileReading } from '#sources/source.ts'

/** Returns exit code 1 if anything was refused or could not be read, else 0. */
export const exitCodeOf = ({ refused, failed }: Summary): number => (refused > 0 || failed.length > 0 ? 1 : 0)

/** Returns the summary for --json. `knownLines` are lines that earlier runs sent. All other counts are of this run. */
export function summaryJson(summary: Summary): Record<string, unknown> {
  const { dataset, noun, files, chunks, stored, refused, examples, failed, seconds } = summary
  const { lines, knownLines, bytes } = totalOf(files)
  return { dataset, files, lines, knownLines, bytes, chunks, [noun]: stored, refused, examples, failed, seconds }
}

export function summaryText(summary: Summary): string {
  const { files, by, noun, chunks, stored, refused, examples, failed, seconds } = summary
  const { lines, knownLines, bytes } = totalOf(files)
  const count = (number: number, one: string): string =>
    `${number.toLocaleString('en')} ${one}${number === 1 ? '' : 's'}`
  const knownFiles = files.filter(({ known }) => known).length
  const known = by === 'lines' ? knownLines : knownFiles
  const what = by === 'lines' ? 'line' : 'file'
  const sent = by === 'lines' ? lines : files.length - knownFiles
  const passed = known > 0 ? ` (${count(known, what)} known before, not sent again)` : ''
  const bad = by === 'lines' ? 'bad line' : 'refused answer'
  const begin = `${count(files.length, 'file')}: ${count(sent, what)} sent${passed}, ${megabytes(bytes)} in ${seconds.toFixed(1)} s`
  // If earlier runs sent all content, this run stored nothing, and "0 votes" would be misleading.
  const came =
    chunks === 0 ? 'nothing new' : `${count(stored, noun.replace(/s$/, ''))} of them stored, ${count(refused, bad)}`
  const text = [`${begin}: ${came}`]
  for (const { name, differsFromLine } of files) {
    if (differsFromLine === undefined) continue
    text.push(`${name} is another than what was sent before from line ${differsFromLine} on: sent as new from there`)
  }
  for (const example of examples) text.push(`  ${printable(example)}`)
  if (refused > 0)
    text.push(`\`npx tidemark dlq list --key ${summary.dataset} --each\` names ${refused === 1 ? 'it' : 'them all'}`)
  return [...text, ...failed].join('\n')
}

export function newsOf({ name, lines, knownLines, known, bytes }: FileSummary, by: FileReading['by']): string {
  const counted = (number: number): string => `${number.toLocaleString('en')} ${number === 1 ? 'line' : 'lines'}`
  if (by === 'file')
    return `${printable(name)}: ${known ? 'known before, not sent again' : `sent, ${megabytes(bytes)}`}`
  const passed = knownLines > 0 ? `, ${counted(knownLines)} known before` : ''
  return `${printable(name)}: ${counted(lines)} sent${passed}`
}

const totalOf = (files: readonly FileSummary[]) => ({
  lines: sum(files.map(({ lines }) => lines)),
  knownLines: sum(files.map(({ knownLines }) => knownLines)),
  bytes: sum(files.map(({ bytes }) => bytes)),
})

const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0)
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
