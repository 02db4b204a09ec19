import { expect, test } from 'vitest'
import { recordedFile } from '../../test/support/recorded-file.ts'
import { explodeVotes } from './explode.ts'

/** Counted by hand in each file: Ids in the order of their last lines, and refused lines. */
const files: Record<string, { ids: number[]; refused?: number[]; repeated?: number; blank?: number }> = {
  'samples-votes.jsonl': { ids: [1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17] },
  'samples-votes-with-duplicates.jsonl': {
    ids: [1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17],
    repeated: 4,
  },
  // Lines 1 and 12 have no date, 4 and 13 no Id. A vote needs no PostId or VoteTypeId.
  'samples-votes-with-missing-fields.jsonl': {
    ids: [2, 4, 6, 7, 8, 9, 10, 11, 12, 15, 16, 17],
    refused: [1, 4, 12, 13],
  },
  'samples-votes-corrupt.jsonl': { ids: [48_889, 48_891], refused: [2] },
  // 33474 and 1 are repeated unchanged at the end.
  'sample-votes-dups.jsonl': { ids: [6364, 2, 4, 5, 6, 7, 33_474, 1], repeated: 2, blank: 1 },
  // The year 20229999, the 30th of February, month 0.
  'sample-votes-invalid-CreationDates.jsonl': {
    ids: [6364, 33_474, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    refused: [14, 15, 16],
    blank: 2,
  },
  // E10, &, empty, o15, $.
  'sample-votes-invalid-Id.jsonl': {
    ids: [6364, 33_474, 1, 2, 4, 5, 6, 7, 8, 9],
    refused: [11, 12, 13, 14, 15],
    blank: 2,
  },
  'samples-votes-incremental.jsonl': {
    ids: [1001, 1002, 1004, 1005, 1006, 1007, 1008, 1009, 10_010, 10_011, 10_012, 10_013, 10_014, 10_015],
    blank: 1,
  },
  'samples-votes-upsert.jsonl': { ids: [1, 2, 4, 5, 6, 7, 8, 9, 210, 211, 212, 213, 214, 215, 216, 217] },
  'samples-votes-outliers1.jsonl': { ids: [18, 19, 20, 21, 22, 23, 24, 25, 26, 27] },
  // A remark follows every object, so no line is JSON.
  'samples-votes-outliers2.jsonl': { ids: [], refused: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] },
  // Headings and lines with remarks are refused.
  'all-samples-votes-outliers.jsonl': {
    ids: [48, 49, 50, 51, 52, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17],
    refused: [...range(1, 11), ...range(13, 23), ...range(25, 35), 37, 45],
    blank: 5,
  },
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

test.each(Object.entries(files))('%s', (name, { ids, refused = [], repeated = 0, blank = 0 }) => {
  const body = recordedFile(`votes/${name}`)
  if (!body) return expect(body, 'recordings are missing; said above').toBeUndefined()
  const exploded = explodeVotes({ body, status: 200, window: { startMs: 0, endMs: 1 }, url: 'file:///f' })
  expect(exploded.records?.[0]?.fields).toMatchObject({ ids, repeatedIds: repeated, blankLines: blank })
  const lines = exploded.refusedParts?.map(({ refusal }) => Number(/ line (\d+) /.exec(refusal.message)?.[1]))
  expect(lines).toEqual(refused)
})

test('of the real file every line is a vote, read as JSON.parse reads it', () => {
  const body = recordedFile('votes/votes_2017_2019.jsonl')
  if (!body) return expect(body, 'recordings are missing; said above').toBeUndefined()
  const { records, refusedParts } = explodeVotes({ body, status: 200, window: { startMs: 0, endMs: 1 } })
  expect(refusedParts).toEqual([])
  const lines = body
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>)
  const column = (key: string) => lines.map((line) => (line[key] === undefined ? null : Number(line[key])))
  expect(records?.[0]?.fields).toMatchObject({
    ...{ ids: column('Id'), postIds: column('PostId'), voteTypeIds: column('VoteTypeId') },
    ...{ userIds: column('UserId'), bountyAmounts: column('BountyAmount') },
    creationDates: lines.map(({ CreationDate }) => Date.parse(`${CreationDate}Z`)),
  })
})
