import { expect, test } from 'vitest'
import type { Answer } from '../source.ts'
import { explodeVotes } from './explode.ts'

const answer = (body: string | Buffer, headers: Record<string, string> = {}): Answer => ({
  body: Buffer.from(body),
  status: 200,
  window: { startMs: 0, endMs: 1000 },
  url: 'file:///votes.jsonl',
  headers: { 'first-line': '1', 'starts-within-line': 'false', ...headers },
})
const vote = (id: number, more = '') => `{"Id":"${id}","PostId":"1","CreationDate":"2022-01-02T00:00:00.000"${more}}`
const read = (body: string | Buffer, headers?: Record<string, string>) => {
  const { records, refusedParts = [] } = explodeVotes(answer(body, headers))
  return {
    fields: records?.[0]?.fields as Record<string, never>,
    refused: refusedParts.map(({ refusal }) => refusal.message),
    parts: refusedParts,
  }
}

test('accepted: extra keys, blank lines, a byte order mark, CR LF, no final newline, numbers, other spellings of dates', () => {
  const body = `\ufeff${vote(1)}\r\n\n \t\r\n${vote(2, ',"Other":{"a":[1]}')}\r\n{"Id":3,"CreationDate":"2022-01-02","UserId":-1,"PostId":null}`
  const { fields, refused } = read(body)
  expect(refused).toEqual([])
  expect(fields).toMatchObject({
    ...{ ids: [1, 2, 3], postIds: [1, 1, null], userIds: [null, null, -1] },
    ...{ file: 'file:///votes.jsonl', firstLine: 1, lines: 5, blankLines: 2, refusedLines: 0, repeatedIds: 0 },
  })
})

test.each([
  ['cut off', '{"Id":"1","CreationDate":"2022-01', /line 8 is no JSON: \{"Id":"1","CreationDate":"2022-01$/],
  ['two on a line', `${vote(1)}${vote(2)}`, /line 8 is no JSON/],
  ['no object', '[1]', /line 8 is no JSON object/],
  [
    'a key twice',
    '{"Id":"1","Id":"2","CreationDate":"2022-01-02"}',
    /line 8 has the key "Id" twice: \{"Id":"1","Id":"2",/,
  ],
  [
    'a key twice with an escape',
    `{"Id":"1","I\\u0064":"1","CreationDate":"2022-01-02"}`,
    /line 8 has the key "Id" twice: /,
  ],
  [
    'a key twice in an object within, of a usual line besides',
    vote(1, ',"Other":[{"a":":"},{"a":{"b":1,"b":1}}]'),
    /line 8 has the key "b" twice: /,
  ],
  [
    'a key twice that steers a terminal',
    vote(1, ',"\\u001b[2J":1,"\\u001b[2J":1'),
    /line 8 has the key "\\u001b\[2J" twice: /,
  ],
  ['no Id', '{"CreationDate":"2022-01-02"}', /line 8 has no Id$/],
  ['an empty Id', '{"Id":"","CreationDate":"2022-01-02"}', /line 8 has an Id that is no whole number .*: ""$/],
  ['an Id with a letter', '{"Id":"E10","CreationDate":"2022-01-02"}', /: "E10"$/],
  ['an Id with a fraction', '{"Id":1.5,"CreationDate":"2022-01-02"}', /: 1\.5$/],
  ['an Id too large to be exact', '{"Id":9007199254740993,"CreationDate":"2022-01-02"}', /has an Id/],
  ['a negative Id', '{"Id":"-1","CreationDate":"2022-01-02"}', /has an Id/],
  ['no date', '{"Id":"1"}', /line 8 has no CreationDate$/],
  ['a date that is a number', '{"Id":"1","CreationDate":1641081600}', /has a CreationDate that is no date/],
  ['an impossible date', '{"Id":"1","CreationDate":"2022-02-30T00:00:00.000"}', /has a CreationDate that is no date/],
  [
    'a PostId that is none',
    '{"Id":"1","PostId":"x","CreationDate":"2022-01-02"}',
    /has a PostId that is no such number: "x"$/,
  ],
  ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), /line 8 is not UTF-8$/],
  ['a byte order mark within the file', `\ufeff${vote(1)}`, /line 8 is no JSON/],
  ['longer than 1 MB', vote(1, `,"x":"${'y'.repeat(1_000_000)}"`), /line 8 is longer than 1000000 bytes$/],
  ['what steers a terminal', '\u001b[2J', /line 8 is no JSON: \ufffd\[2J$/],
])('bad: %s; the lines around it go in', (_name, line, why) => {
  const body = Buffer.concat([Buffer.from(`${vote(5)}\n`), Buffer.from(line as string), Buffer.from(`\n${vote(6)}\n`)])
  const { fields, refused, parts } = read(body, { 'first-line': '7' })
  expect(refused).toEqual([expect.stringMatching(why)])
  expect(fields).toMatchObject({ ids: [5, 6], lines: 3, refusedLines: 1 })
  // Alone it is refused for the same reason, at its own line.
  expect(parts[0]?.body).toEqual(Buffer.concat([Buffer.from(line as string), Buffer.from('\n')]))
  expect(read(Buffer.from(parts[0]!.body), parts[0]!.headers)).toMatchObject({
    refused,
    fields: { firstLine: 8, ids: [] },
  })
})

test('within a chunk the last line of an Id counts, in the order of those lines', () => {
  const lines = [vote(3, ',"UserId":"1"'), vote(1), vote(3, ',"UserId":"2"'), vote(2)]
  expect(read(lines.join('\n')).fields).toMatchObject({ ids: [1, 3, 2], userIds: [null, 2, null], repeatedIds: 1 })
})

test('the end of a line that was too long for a chunk is passed over, and lines are counted on behind it', () => {
  const { fields, refused } = read(`yyy"}\n${vote(1)}\nbad\n`, { 'first-line': '4', 'starts-within-line': 'true' })
  expect(fields).toMatchObject({ ids: [1], firstLine: 4, lines: 2 })
  expect(refused).toEqual([expect.stringContaining('line 6 is no JSON')])
  expect(read('yyyy', { 'starts-within-line': 'true' })).toMatchObject({ fields: { ids: [], lines: 0 }, refused: [] })
})

test('an empty chunk is a batch without votes', () => {
  expect(read('').fields).toMatchObject({ ids: [], lines: 0 })
})
