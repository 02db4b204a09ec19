import fc from 'fast-check'
import { expect, test } from 'vitest'
import { explodeVotes } from './explode.ts'

const readAt = Date.parse('2026-11-20T12:00:00Z')
const window = { startMs: readAt, endMs: readAt + 1000 }

const vote = fc.record({
  type: fc.option(fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(255, 65_535)), { freq: 5 }),
  created: fc.oneof(
    fc.integer({ min: Date.UTC(1900), max: Date.UTC(2299, 11, 31) }),
    fc.constantFrom(Date.UTC(2008) - 1, Date.UTC(2008), readAt, readAt + 999, readAt + 1000),
  ),
})

test('exactly the votes of an unknown type, from the future or from before 2008 have a flag, and no value changes', () => {
  fc.assert(
    fc.property(fc.array(vote, { maxLength: 20 }), (votes) => {
      const lines = votes.map(({ type, created }, index) => {
        const date = new Date(created).toISOString().slice(0, -1)
        return JSON.stringify({ Id: `${index}`, ...(type !== null && { VoteTypeId: `${type}` }), CreationDate: date })
      })
      const { records, refusedParts, flaggedRows } = explodeVotes({
        ...{ body: Buffer.from(lines.join('\n')), status: 200, window, url: 'file:///v' },
      })
      const expected = votes.map(({ type, created }) => [
        ...(type !== null && (type < 1 || type > 16) ? ['unknown-vote-type'] : []),
        ...(created > readAt + 999 ? ['created-in-future'] : []),
        ...(new Date(created).getUTCFullYear() < 2008 ? ['created-before-2008'] : []),
      ])
      const isPlain = expected.every((flags) => flags.length === 0)
      expect(refusedParts).toEqual([])
      expect(records?.[0]?.fields).toMatchObject({
        ids: votes.map((_, index) => index),
        voteTypeIds: votes.map(({ type }) => type),
        creationDates: votes.map(({ created }) => created),
        flags: isPlain ? [] : expected,
      })
      const counts = Map.groupBy(expected.flat(), (flag) => flag)
      expect(flaggedRows).toEqual(Object.fromEntries([...counts].map(([flag, { length }]) => [flag, length])))
    }),
  )
})
