import type { NamedAnswer } from './answers.ts'
import type { ReadByHand } from './read-by-hand.ts'

const second = { startMs: Date.parse('2023-07-30T10:00:00Z'), endMs: Date.parse('2023-07-30T10:00:01Z') }

const named = (dataset: string, name: string, body: string, url: string, told?: ReadByHand): NamedAnswer => ({
  ...{ dataset, name, ...(told && { told }) },
  answer: { body: Buffer.from(body), status: 200, window: second, url },
})

const votes = `{"Id":"1","PostId":"1","VoteTypeId":"2","CreationDate":"2022-01-02T00:00:00.000"}
{"Id":"25","UserId":"57","PostId":"14","VoteTypeId":"5","CreationDate":"2022-01-03T00:00:00.000"}

{"Id":"1","PostId":"2","VoteTypeId":"2","CreationDate":"2022-01-02T00:00:00.000"}
{"Id":"26"}
`

const summary =
  '{"price":{"last":29337,"high":29678.3,"low":29105.5,"change":{"percentage":0.006,"absolute":177}},"volume":2047.5,"volumeQuote":60061803.5}'

// Expected result: the second line of Id 1 is newer and counts. The vote without a date is refused alone.
const toldVotes: ReadByHand = {
  values: {},
  points: [],
  records: [
    [
      'batches',
      {
        ...{ lines: 5, blankLines: 1, refusedLines: 1, repeatedIds: 1, firstLine: 1 },
        ...{ ids: [25, 1], postIds: [14, 2], voteTypeIds: [5, 2], userIds: [57, null], bountyAmounts: [null, null] },
        creationDates: [Date.parse('2022-01-03T00:00:00Z'), Date.parse('2022-01-02T00:00:00Z')],
        flags: [],
      },
    ],
  ],
}

// A file with duplicate keys. Two Ids in one line are ambiguous.
const doubledKeys = `{"Id":"1","Id":"2","CreationDate":"2022-01-02T00:00:00.000"}
{"Id":"3","CreationDate":"2022-01-02T01:00:00+00:00","Other":{"a":1,"\\u0061":1}}
{"Id":"4","CreationDate":"2022-01-02T01:00:00+00:00","Other":{"a":{"a":1}}}
`

const toldDoubledKeys: ReadByHand = {
  values: {},
  points: [],
  records: [
    [
      'batches',
      { lines: 3, refusedLines: 2, repeatedIds: 0, ids: [4], creationDates: [Date.parse('2022-01-02T01:00:00Z')] },
    ],
  ],
}

/** `second` ends at 10:00:01. */
const contradictingVotes = `{"Id":"1","VoteTypeId":"99","CreationDate":"2022-01-02T00:00:00.000"}
{"Id":"2","VoteTypeId":"16","CreationDate":"2023-07-30T10:00:01.000"}
{"Id":"3","VoteTypeId":"1","CreationDate":"2023-07-30T10:00:00.999"}
{"Id":"4","VoteTypeId":"17","CreationDate":"2007-12-31T23:59:59.999"}
{"Id":"5","CreationDate":"2008-01-01T00:00:00.000"}
`

const toldContradictingVotes: ReadByHand = {
  values: {},
  points: [],
  records: [
    [
      'batches',
      {
        ...{ ids: [1, 2, 3, 4, 5], voteTypeIds: [99, 16, 1, 17, null] },
        flags: [['unknown-vote-type'], ['created-in-future'], [], ['unknown-vote-type', 'created-before-2008'], []],
      },
    ],
  ],
}

const summaryAt = '2023-07-30T10:00:00Z'

export const fileAnswers = (): NamedAnswer[] => [
  named(
    'votes.votes',
    'five lines: a repeated Id, a blank line, one without a date',
    votes,
    'file:///votes.jsonl',
    toldVotes,
  ),
  named(
    'votes.votes',
    'three lines: a key twice in two of them',
    doubledKeys,
    'file:///doubled.jsonl',
    toldDoubledKeys,
  ),
  named(
    'votes.votes',
    'five lines: types and dates that cannot be',
    contradictingVotes,
    'file:///odd.jsonl',
    toldContradictingVotes,
  ),
  named(
    'cryptowatch.markets',
    'prices that contradict',
    `{"result":{"kraken:btcusd":${summary.replace('29337', '29678.4')},"kraken:btceur":${summary.replace('29105.5', '29678.4')}}}`,
    'file:///summaries.json',
    {
      values: Object.fromEntries(
        ['kraken:btcusd', 'kraken:btceur'].flatMap((market) =>
          ['last', 'high', 'low', 'changePercentage', 'changeAbsolute', 'volume', 'volumeQuote'].map((metric) => [
            `${market}.${metric}`,
            1,
          ]),
        ),
      ),
      points: [['kraken:btceur.low', summaryAt, 29678.4]],
      flagged: [
        ['kraken:btcusd.last', summaryAt, 'last-outside-range'],
        ['kraken:btcusd.high', summaryAt, 'last-outside-range'],
        ['kraken:btceur.last', summaryAt, 'last-outside-range'],
        ['kraken:btceur.low', summaryAt, 'last-outside-range'],
        ['kraken:btceur.low', summaryAt, 'low-above-high'],
        ['kraken:btceur.high', summaryAt, 'low-above-high'],
      ],
    },
  ),
  named('cryptowatch.markets', 'a summary', `{"result":{"kraken:btcusd":${summary}}}`, 'file:///summaries.json', {
    values: {
      'kraken:btcusd.last': 1,
      'kraken:btcusd.high': 1,
      'kraken:btcusd.low': 1,
      'kraken:btcusd.changePercentage': 1,
      'kraken:btcusd.changeAbsolute': 1,
      'kraken:btcusd.volume': 1,
      'kraken:btcusd.volumeQuote': 1,
    },
    points: [
      ['kraken:btcusd.last', '2023-07-30T10:00:00Z', 29337],
      ['kraken:btcusd.changePercentage', '2023-07-30T10:00:00Z', 0.006],
    ],
  }),
  named('cryptowatch.markets', 'prices', '{"result":{"market:kraken:btceur":26000.1}}', 'file:///prices.json'),
  named(
    'cryptowatch.markets',
    'a bad figure, and a market that is none',
    `{"result":{"kraken:btcusd":${summary.replace('29337', '"x"')},"kraken:none":[]}}`,
    'file:///summaries.json',
  ),
  named('cryptowatch.markets', 'no markets', '{"result":{}}', 'file:///summaries.json'),
  named('cryptowatch.markets', 'a market twice', '{"result":{"a:b":1,"a:b":2}}', 'file:///prices.json'),
  named('cryptowatch.markets', 'an error', '{"error":"Exchange not found"}', 'file:///error.json'),
]
