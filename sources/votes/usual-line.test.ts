import fc from 'fast-check'
import { expect, test } from 'vitest'
import { emptyColumns } from './columns.ts'
import { takeUsualLine } from './usual-line.ts'
import { takeLine } from './vote-line.ts'

const usual = (text: string) => {
  const bytes = Buffer.from(text)
  const columns = emptyColumns()
  return { taken: takeUsualLine(bytes, 0, bytes.length, columns), columns }
}
const slow = (text: string) => {
  const columns = emptyColumns()
  return { why: takeLine(Buffer.from(text), columns), columns }
}

test('a line of the dump becomes a vote: a favourite with a user, a bounty with an amount', () => {
  expect(
    usual('{"Id":"25","UserId":"57","PostId":"14","VoteTypeId":"5","CreationDate":"2017-02-28T00:00:00.000"}'),
  ).toEqual({
    taken: true,
    columns: {
      ids: [25],
      postIds: [14],
      voteTypeIds: [5],
      // 17,225 days after 1970-01-01.
      creationDates: [17_225 * 86_400_000],
      userIds: [57],
      bountyAmounts: [null],
    },
  })
  const bounty =
    '{"Id":"6364","UserId":"14","PostId":"742","VoteTypeId":"8","BountyAmount":"50","CreationDate":"2017-05-21T23:59:59.999"}'
  expect(usual(bounty)).toMatchObject({
    taken: true,
    columns: { bountyAmounts: [50], creationDates: [1_495_411_199_999] },
  })
})

const date = fc
  .record({
    y: fc.integer({ min: 1895, max: 2305 }),
    m: fc.integer({ min: 0, max: 13 }),
    d: fc.integer({ min: 0, max: 32 }),
    h: fc.integer({ min: 0, max: 25 }),
    f: fc.integer({ min: 0, max: 999 }),
  })
  .map(({ y, m, d, h, f }) => `${y}-${two(m)}-${two(d)}T${two(h)}:30:59.${`${f}`.padStart(3, '0')}`)
const two = (number: number) => `${number}`.padStart(2, '0')
const value = fc.oneof(fc.nat().map(String), fc.constantFrom('', '-1', '70000', '99999999999', 'x', '007'))
const pairs = fc.array(
  fc.oneof(
    fc.tuple(fc.constantFrom('Id', 'PostId', 'VoteTypeId', 'UserId', 'BountyAmount', 'Other'), value),
    fc.tuple(fc.constant('CreationDate'), date),
  ),
  { maxLength: 7 },
)

test('accepts the same as reading the JSON; a line that it rejects leaves the columns untouched', () => {
  fc.assert(
    fc.property(pairs, fc.constantFrom('', ' ', ',', '}'), (said, end) => {
      const text = `{${said.map(([key, text]) => `"${key}":"${text}"`).join(',')}}${end}`
      const fast = usual(text)
      if (fast.taken) expect({ why: undefined, columns: fast.columns }).toEqual(slow(text))
      else expect(fast.columns).toEqual(emptyColumns())
    }),
    { numRuns: 3_000 },
  )
})

test('it takes every line with one of each key and a date that exists, in any order', () => {
  const keys = ['Id', 'PostId', 'VoteTypeId', 'UserId', 'BountyAmount', 'CreationDate']
  fc.assert(
    fc.property(fc.shuffledSubarray(keys, { minLength: 6 }), fc.nat({ max: 65_535 }), (order, number) => {
      const of = (key: string) => (key === 'CreationDate' ? '2024-02-29T12:00:00.000' : `${number}`)
      expect(usual(`{${order.map((key) => `"${key}":"${of(key)}"`).join(',')}}`).taken).toBe(true)
    }),
  )
})
