import { describe, expect, test } from 'vitest'
import { type Decision, decisionRecord } from '#platform/kafka/decision.ts'
import type { StoredRecord } from '#platform/kafka/read-span.ts'
import { sources } from '#sources/index.ts'
import { contentOf } from './content.ts'
import { groupsOf, groupsText, letterJson, lettersText } from './groups.ts'
import { type Letter, openLetterBox, placeOf } from './letter.ts'
import { outcomeText } from './outcome.ts'
import { type PlanOptions, planRequeue } from './plan.ts'
import { isEverything, isMeant, readSelection, topicsOf } from './selection.ts'
import { refusingTopics } from './topics.ts'
import { newestOfEachKind } from './trial.ts'

/** A letter as it lies on jao.dlq. */
function stored(offset: number, headers: Record<string, string>, over: Partial<StoredRecord> = {}): StoredRecord {
  const buffers = Object.entries(headers).map(([name, text]) => [`tidemark-${name}`, Buffer.from(text)])
  return {
    ...{ topic: 'jao.dlq', partition: 0, offset, key: Buffer.from(`jao.core.maxExchanges/${offset}`) },
    ...{ value: Buffer.from('bytes'), headers: Object.fromEntries(buffers), writtenAtMs: 5 },
    ...over,
  }
}

const refused = (offset: number, more: Record<string, string> = {}) =>
  stored(offset, {
    topic: 'jao.raw',
    partition: '1',
    offset: `${100 - offset}`,
    reason: 'bug',
    message: 'it threw',
    dataset: 'jao.core.maxExchanges',
    service: 'normalizer',
    time: '2026-11-24T12:00:00.000Z',
    attempts: '1',
    ...more,
  })

function decided(offset: number, over: Partial<Decision> & { offset: number }): StoredRecord {
  const decision = { decision: 'dropped' as const, by: 'me', why: 'no use', atMs: 1_000, ...over }
  const { headers = {} } = decisionRecord({ key: null, partition: 0 }, decision)
  const buffers = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text as string)])
  return stored(offset, {}, { key: null, value: null, headers: Object.fromEntries(buffers) })
}

function lettersOf(...records: StoredRecord[]): Letter[] {
  const box = openLetterBox()
  for (const record of records) box.add(record)
  return box.letters()
}

const targets: PlanOptions['targets'] = new Map([
  ['jao.raw', { deadLetters: 'jao.dlq', record: 'RawResponse', partitions: 2 }],
  ['polls', { deadLetters: 'tidemark.dlq', record: 'Poll', partitions: 4 }],
])
const plan = (letters: Letter[], over: Partial<PlanOptions> = {}) => {
  const { go, stay } = planRequeue(letters, { targets, parked: new Set(), again: false, ...over })
  return { go: go.map(({ letter }) => letter.offset), stay: stay.map(({ why }) => why) }
}

describe('letters', () => {
  test('that hold no value, because it was too large, stay, and say where it lies', () => {
    const leftOut = { ...refused(1, { 'left-out-bytes': '20000000' }), value: null }
    expect(plan(lettersOf(leftOut, refused(2)))).toEqual({
      go: [2],
      stay: ['was too large for a letter: it lies at jao.raw/1/99, for a replay to read'],
    })
  })

  test('are open until somebody decided on them; a decision is no letter, and the newest counts', () => {
    const letters = lettersOf(refused(0), refused(1), decided(2, { offset: 0 }), decided(3, { offset: 9 }), refused(4))
    expect(letters.map(({ id, decision }) => [id, decision?.decision])).toEqual([
      ['jao.dlq/0/0', 'dropped'],
      ['jao.dlq/0/1', undefined],
      ['jao.dlq/0/4', undefined],
    ])
    const [twice] = lettersOf(refused(0), decided(1, { offset: 0 }), decided(2, { offset: 0, decision: 'requeued' }))
    expect(twice?.decision?.decision).toBe('requeued')
  })
  test('say what their headers say, and nothing where these say nothing', () => {
    expect(lettersOf(refused(3))[0]).toMatchObject({
      source: { topic: 'jao.raw', partition: 1, offset: 97 },
      dataset: 'jao.core.maxExchanges',
      attempts: 1,
      atMs: Date.parse('2026-11-24T12:00:00Z'),
      bytes: 5,
    })
    const [bare] = lettersOf(stored(3, {}, { key: null, value: null }))
    expect(bare).toMatchObject({ source: null, dataset: null, attempts: 0, atMs: 5, bytes: null, reason: 'not told' })
    const [hostile] = lettersOf(refused(3, { partition: '-1', attempts: '1e999', time: 'never' }))
    expect(hostile).toMatchObject({ source: null, attempts: 0, atMs: 5 })
  })
  test('have ids that name one place', () => {
    expect(placeOf('jao.dlq/0/17')).toEqual({ topic: 'jao.dlq', partition: 0, offset: 17 })
    for (const text of ['', 'jao.dlq', 'jao.dlq/0', 'jao.dlq/0/x', 'jao.dlq/-1/3', '/0/3', 'a b/0/3', 'jao.dlq/0/3/4'])
      expect(placeOf(text), text).toBeUndefined()
  })
})

describe('a selection', () => {
  const [letter] = lettersOf(refused(3)) as [Letter]
  const isChosen = (options: Parameters<typeof readSelection>[1], ids: string[] = []) =>
    isMeant(letter, readSelection(ids, options))
  test('takes what passes all of its filters', () => {
    expect(isChosen({})).toBe(true)
    expect(isChosen({ reason: 'bug', topic: 'jao.raw', source: 'jao' }, ['jao.dlq/0/3'])).toBe(true)
    expect(isChosen({ reason: 'type' })).toBe(false)
    expect(isChosen({ topic: 'jao.series' })).toBe(false)
    expect(isChosen({ source: 'tidemark' })).toBe(false)
    expect(isChosen({}, ['jao.dlq/0/4'])).toBe(false)
    expect(isChosen({ reason: 'type' }, ['jao.dlq/0/3'])).toBe(false)
  })
  test('takes a key, or what begins with it and a slash', () => {
    expect(isChosen({ key: 'jao.core.maxExchanges/3' })).toBe(true)
    expect(isChosen({ key: 'jao.core.maxExchanges' })).toBe(true)
    expect(isChosen({ key: 'jao.core' })).toBe(false)
  })
  test('takes from a time on, until before one', () => {
    expect(isChosen({ since: '2026-11-24T13:00+01:00', until: '2026-11-24T12:00:00.001Z' })).toBe(true)
    expect(isChosen({ since: '2026-11-24T12:00:00.001Z' })).toBe(false)
    expect(isChosen({ until: '2026-11-24T12:00:00Z' })).toBe(false)
    expect(isChosen({ since: '2026-11-24', until: '2026-11-25' })).toBe(true)
    expect(() => isChosen({ since: 'noon' })).toThrow('--since noon is no instant')
  })
  test('is everything only when nothing narrows it', () => {
    expect(isEverything(readSelection([], {}))).toBe(true)
    expect(isEverything(readSelection([], { reason: 'bug' }))).toBe(false)
    expect(isEverything(readSelection(['jao.dlq/0/3'], {}))).toBe(false)
  })
  test('says which topics it reads, and refuses ids that are none', () => {
    expect(topicsOf(readSelection([], {}))).toEqual([...sources.map(({ name }) => `${name}.dlq`), 'tidemark.dlq'])
    expect(topicsOf(readSelection([], { source: 'tidemark' }))).toEqual(['tidemark.dlq'])
    expect(topicsOf(readSelection(['jao.dlq/0/3'], {}))).toEqual(['jao.dlq'])
    expect(() => readSelection(['jao.raw/0/3'], {})).toThrow('jao.raw is no dead-letter topic')
    expect(() => readSelection(['17'], {})).toThrow('17 is no letter')
  })
})

describe('a requeue', () => {
  test('goes in the order in which the messages lay where they came from', () => {
    expect(plan(lettersOf(refused(0), refused(1), refused(2))).go).toEqual([2, 1, 0])
    const mixed = lettersOf(refused(0), refused(1, { partition: '0' }), refused(2))
    expect(plan(mixed).go).toEqual([1, 2, 0])
  })
  test('goes to no topic that it does not know, to no partition that is not there, and not across', () => {
    const why = (headers: Record<string, string>, over: Partial<StoredRecord> = {}) =>
      plan(lettersOf({ ...refused(0, headers), ...over })).stay
    expect(why({ topic: '__consumer_offsets' })).toEqual([
      '__consumer_offsets is no topic whose letters lie on jao.dlq',
    ])
    expect(why({ topic: 'polls' })).toEqual(['polls is no topic whose letters lie on jao.dlq'])
    expect(why({ partition: '2' })).toEqual(['jao.raw has no partition 2'])
    expect(why({ partition: '1e3' })).toEqual(['its headers do not say where it came from'])
    expect(why({}, { headers: {} })).toEqual(['its headers do not say where it came from'])
  })
  test('stops what came back for the same reason, unless it is asked for again', () => {
    const back = lettersOf(refused(0, { attempts: '2', 'previous-reason': 'bug' }))
    expect(plan(back)).toEqual({
      go: [],
      stay: ['came back for the same reason (bug, 2 attempts): --again when that is mended'],
    })
    expect(plan(back, { again: true }).go).toEqual([0])
    expect(plan(lettersOf(refused(0, { attempts: '2', 'previous-reason': 'type' }))).go).toEqual([0])
    const parked = lettersOf(refused(0, { reason: 'parked', 'previous-reason': 'parked' }))
    expect(plan(parked).go).toEqual([0])
  })
  test('leaves what was settled before, and answers of a parked dataset', () => {
    const settled = lettersOf(refused(0), decided(1, { offset: 0 }))
    expect(plan(settled).stay).toEqual(['was dropped before: --again sends it once more'])
    expect(plan(settled, { again: true }).go).toEqual([0])
    expect(plan(lettersOf(refused(0)), { parked: new Set(['jao.core.maxExchanges']) }).stay).toEqual([
      'jao.core.maxExchanges is parked: `npx tidemark dlq release jao.core.maxExchanges`',
    ])
  })
  test('knows every topic whose messages can be refused, and no other', () => {
    expect(Object.fromEntries([...refusingTopics].map(([name, { deadLetters }]) => [name, deadLetters]))).toMatchObject(
      {
        polls: 'tidemark.dlq',
        'jao.raw': 'jao.dlq',
        'jao.timeseries': 'jao.dlq',
        'jao.series': 'jao.dlq',
      },
    )
    for (const name of ['jao.dlq', 'tidemark.dlq', 'parking', 'poll-requests'])
      expect(refusingTopics.has(name), name).toBe(false)
  })
})

test('a release tries the newest letter of each kind: of a dataset, a subject and the reason of before', () => {
  const parked = (offset: number, key: string, more: Record<string, string> = {}) => ({
    ...refused(offset, { reason: 'parked', dataset: key.split('/')[0]!, ...more }),
    key: Buffer.from(key),
  })
  const day = (of: number) => `2026-04-${of}T22:00:00Z/2026-04-${of + 1}T22:00:00Z`
  const letters = lettersOf(
    parked(0, 'coinbase.ticker/BTC-USD'),
    parked(1, 'coinbase.ticker/ETH-USD'),
    parked(2, 'coinbase.ticker/BTC-USD'),
    parked(3, `jao.core.maxExchanges/${day(20)}`),
    parked(4, `jao.core.maxExchanges/${day(21)}`),
    parked(5, `jao.core.finalComputation/rows-0/${day(21)}`),
    parked(6, `jao.core.finalComputation/rows-2000/${day(20)}`),
    parked(7, `jao.core.maxExchanges/${day(19)}`, { 'previous-reason': 'type' }),
  )
  const newest = newestOfEachKind(planRequeue(letters, { targets, parked: new Set(), again: false }).go)
  expect(newest.map(({ letter }) => letter.offset).sort()).toEqual([1, 2, 4, 6, 7])
})

describe('what people read', () => {
  const letters = lettersOf(
    refused(0, { time: '2026-11-24T11:00:00.000Z', message: 'the first' }),
    refused(1, { time: '2026-11-24T13:00:00.000Z', message: 'the \u001b[2Jlast' }),
    refused(2, { reason: 'type\u0007', topic: 'jao.timeseries' }),
  )
  test('groups letters by reason, dataset and topic', () => {
    expect(groupsOf(letters)).toEqual([
      {
        ...{ reason: 'bug', dataset: 'jao.core.maxExchanges', topic: 'jao.raw', letters: 2 },
        ...{ first: '2026-11-24T11:00:00.000Z', last: '2026-11-24T13:00:00.000Z', example: 'the \u001b[2Jlast' },
      },
      {
        ...{ reason: 'type\u0007', dataset: 'jao.core.maxExchanges', topic: 'jao.timeseries', letters: 1 },
        ...{ first: '2026-11-24T12:00:00.000Z', last: '2026-11-24T12:00:00.000Z', example: 'it threw' },
      },
    ])
  })
  test('steers no terminal', async () => {
    const done = letters.slice(0, 2)
    const stay = [{ letter: letters[2]!, why: 'of \u009b1m' }]
    const texts = [
      groupsText(groupsOf(letters)),
      lettersText(letters),
      outcomeText({ verb: 'requeued', dryRun: true, done, stay, unknown: ['x\u0007'] }),
      await contentOf({ value: Buffer.from('<html>\u001b[2J') }, undefined, undefined as never),
    ]
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
    for (const text of texts) expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
    expect(texts[2]).toBe(
      '2 letters would be requeued\n  2 bug on jao.raw\njao.dlq/0/2 stays: of \ufffd1m\nx\ufffd: there is no such letter\n',
    )
  })
  test('says which were refused again, and how to see why; or that nobody knows yet', () => {
    const done = letters.slice(0, 1)
    const outcome = { verb: 'requeued', dryRun: false, done, stay: [], unknown: [] } as const
    const back = { ...letters[1]!, id: 'jao.dlq/0/9', reason: 'type', message: 'row 3\u0007' }
    const sent = '1 letter requeued\n  1 bug on jao.raw\n'
    expect(outcomeText({ ...outcome, refusedAgain: [] })).toBe(sent)
    expect(outcomeText({ ...outcome, refusedAgain: [back] })).toBe(`${sent}1 refused again, as a new letter:
  jao.dlq/0/9 type: row 3\ufffd
\`npx tidemark dlq show jao.dlq/0/9\` shows what was refused and why
`)
    expect(outcomeText({ ...outcome, refusedAgain: Array.from({ length: 7 }, () => back) })).toContain(
      '\n  and 2 more\n',
    )
    expect(outcomeText({ ...outcome, refusedAgain: null })).toContain(
      'they are not handled yet: `npx tidemark dlq list`',
    )
  })
  test('says of a letter without letters that there are none', () => {
    expect(groupsText([])).toBe('no dead letters\n')
    expect(lettersText([])).toBe('no dead letters\n')
  })
  test('has times for programs, and no bytes', () => {
    expect(letterJson(lettersOf(refused(0), decided(1, { offset: 0 }))[0]!)).toMatchObject({
      time: '2026-11-24T12:00:00.000Z',
      decision: { decision: 'dropped', by: 'me', why: 'no use', time: '1970-01-01T00:00:01.000Z' },
    })
    expect(letterJson(letters[0]!)).not.toHaveProperty('keyBytes')
  })
  test('shows bytes that are no text in hexadecimal', async () => {
    const value = Buffer.from([0, 255, 254])
    expect(await contentOf({ value }, 'nowhere', undefined as never)).toBe('3 bytes: 00fffe')
    expect(await contentOf({ value: null }, 'jao.raw', undefined as never)).toBe('no value')
  })
})
