import { expect, test } from 'vitest'
import type { Summary } from '#operations/ingest/ingest.ts'
import { newsOf, summaryText } from './summary.ts'

const file = { name: 'f', lines: 3, bytes: 2_000_000, knownLines: 0 }
const summary: Summary = {
  ...{ dataset: 'votes.votes', by: 'lines', noun: 'votes', files: [file], chunks: 1, stored: 2, refused: 1 },
  ...{ examples: ['f line 2 has no Id'], failed: [], seconds: 1.25 },
}

test('the summary of a reading says what of it is stored and what was refused', () => {
  expect(summaryText(summary)).toBe(`1 file: 3 lines sent, 2.0 MB in 1.3 s: 2 votes of them stored, 1 bad line
  f line 2 has no Id
\`npx tidemark dlq list --key votes.votes --each\` names it`)
  expect(summaryText({ ...summary, stored: 1, refused: 0, examples: [] })).toMatch(
    /: 1 vote of them stored, 0 bad lines$/,
  )
})

test('where all was sent before, nothing says that there are no votes', () => {
  const known = { ...file, lines: 0, bytes: 0, knownLines: 3 }
  expect(summaryText({ ...summary, files: [known], chunks: 0, stored: 0, refused: 0, examples: [] })).toBe(
    '1 file: 0 lines sent (3 lines known before, not sent again), 0.0 MB in 1.3 s: nothing new',
  )
})

test('each reading of a file that is followed is a line', () => {
  expect(newsOf({ ...file, name: 'a\u0007', lines: 1, knownLines: 2_000 }, 'lines')).toBe(
    'a\ufffd: 1 line sent, 2,000 lines known before',
  )
  expect(newsOf({ ...file, lines: 0 }, 'file')).toBe('f: sent, 2.0 MB')
  expect(newsOf({ ...file, lines: 0, known: true }, 'file')).toBe('f: known before, not sent again')
})
