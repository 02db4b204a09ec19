import { describe, expect, test } from 'vitest'
import { type DeadLetter, letterJson, placeOf } from '#core/dead-letter.ts'
import type { StoredRecord } from '#platform/kafka/read-range.ts'
import { sources } from '#sources/index.ts'
import { decided, lettersOf, refused, stored, targets } from '../../test/support/stored-letters.ts'
import { groupLetters } from './list.ts'
import { type PlanOptions, planRequeue } from './plan.ts'
import { isEverything, matchesSelection, type Selection, topicsOf } from './selection.ts'
import { readContent } from './show.ts'
import { refusingTopics } from './topics.ts'
import { newestOfEachKind } from './trial.ts'

const plan = (letters: DeadLetter[], over: Partial<PlanOptions> = {}) => {
  const { returnable, skipped } = planRequeue(letters, { targets, parked: new Set(), again: false, ...over })
  return { returnable: returnable.map(({ letter }) => letter.offset), skipped: skipped.map(({ why }) => why) }
}

describe('letters', () => {
  test('that hold no value, because it was too large, stay, and say where it lies', () => {
    const leftOut = { ...refused(1, { 'left-out-bytes': '20000000' }), value: null }
    expect(plan(lettersOf(leftOut, refused(2)))).toEqual({
      returnable: [2],
      skipped: [{ kind: 'left-out', source: { topic: 'jao.raw', partition: 1, offset: 99 } }],
    })
  })

  test('are open until somebody decided on them; a decision is not a letter, and the newest counts', () => {
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
  const [letter] = lettersOf(refused(3)) as [DeadLetter]
  const isChosen = (filters: Partial<Selection>) => matchesSelection(letter, { ids: [], ...filters })
  test('takes what passes all of its filters', () => {
    expect(isChosen({})).toBe(true)
    const all = { ids: ['jao.dlq/0/3'], deadLetters: 'jao.dlq', topic: 'jao.raw', reason: 'bug' }
    expect(isChosen(all)).toBe(true)
    const others: Partial<Selection>[] = [
      { ids: ['jao.dlq/0/4'] },
      { deadLetters: 'tidemark.dlq' },
      { topic: 'jao.series' },
      { reason: 'type' },
    ]
    for (const other of others) expect(isChosen({ ...all, ...other }), JSON.stringify(other)).toBe(false)
  })
  test('takes a key, or what begins with it and a slash', () => {
    expect(isChosen({ key: 'jao.core.maxExchanges/3' })).toBe(true)
    expect(isChosen({ key: 'jao.core.maxExchanges' })).toBe(true)
    expect(isChosen({ key: 'jao.core' })).toBe(false)
  })
  test('takes from a time on, until before one', () => {
    const atMs = Date.parse('2026-11-24T12:00:00Z')
    expect(isChosen({ sinceMs: atMs, untilMs: atMs + 1 })).toBe(true)
    expect(isChosen({ sinceMs: atMs + 1 })).toBe(false)
    expect(isChosen({ untilMs: atMs })).toBe(false)
  })
  test('is everything only when nothing narrows it', () => {
    expect(isEverything({ ids: [] })).toBe(true)
    expect(isEverything({ ids: [], reason: 'bug' })).toBe(false)
    expect(isEverything({ ids: ['jao.dlq/0/3'] })).toBe(false)
  })
  test('says which topics it reads', () => {
    expect(topicsOf({ ids: [] })).toEqual([...sources.map(({ name }) => `${name}.dlq`), 'tidemark.dlq'])
    expect(topicsOf({ ids: [], deadLetters: 'tidemark.dlq' })).toEqual(['tidemark.dlq'])
    expect(topicsOf({ ids: ['jao.dlq/0/3'] })).toEqual(['jao.dlq'])
    expect(topicsOf({ ids: ['jao.dlq/0/3'], deadLetters: 'tidemark.dlq' })).toEqual([])
  })
})

describe('a requeue', () => {
  test('goes in the order in which the messages lay where they came from', () => {
    expect(plan(lettersOf(refused(0), refused(1), refused(2))).returnable).toEqual([2, 1, 0])
    const mixed = lettersOf(refused(0), refused(1, { partition: '0' }), refused(2))
    expect(plan(mixed).returnable).toEqual([1, 2, 0])
  })
  test('goes to no topic that it does not know, to no partition that is not there, and not across', () => {
    const why = (headers: Record<string, string>, over: Partial<StoredRecord> = {}) =>
      plan(lettersOf({ ...refused(0, headers), ...over })).skipped
    for (const topic of ['__consumer_offsets', 'polls'])
      expect(why({ topic })).toEqual([{ kind: 'foreign-topic', topic, deadLetters: 'jao.dlq' }])
    expect(why({ partition: '2' })).toEqual([{ kind: 'no-partition', topic: 'jao.raw', partition: 2 }])
    expect(why({ partition: '1e3' })).toEqual([{ kind: 'no-source' }])
    expect(why({}, { headers: {} })).toEqual([{ kind: 'no-source' }])
  })
  test('stops what came back for the same reason, unless it is asked for again', () => {
    const back = lettersOf(refused(0, { attempts: '2', 'previous-reason': 'bug' }))
    expect(plan(back)).toEqual({
      returnable: [],
      skipped: [{ kind: 'same-reason', reason: 'bug', attempts: 2 }],
    })
    expect(plan(back, { again: true }).returnable).toEqual([0])
    expect(plan(lettersOf(refused(0, { attempts: '2', 'previous-reason': 'type' }))).returnable).toEqual([0])
    const parked = lettersOf(refused(0, { reason: 'parked', 'previous-reason': 'parked' }))
    expect(plan(parked).returnable).toEqual([0])
  })
  test('leaves what was settled before, and answers of a parked dataset', () => {
    const settled = lettersOf(refused(0), decided(1, { offset: 0 }))
    expect(plan(settled).skipped).toEqual([{ kind: 'settled', decision: 'dropped' }])
    expect(plan(settled, { again: true }).returnable).toEqual([0])
    expect(plan(lettersOf(refused(0)), { parked: new Set(['jao.core.maxExchanges']) }).skipped).toEqual([
      { kind: 'parked', dataset: 'jao.core.maxExchanges' },
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

test('a release tries the newest letter of each kind: of a dataset, a selector and the reason of before', () => {
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
  const newest = newestOfEachKind(planRequeue(letters, { targets, parked: new Set(), again: false }).returnable)
  expect(newest.map(({ letter }) => letter.offset).sort()).toEqual([1, 2, 4, 6, 7])
})

describe('what is told of letters', () => {
  const letters = lettersOf(
    refused(0, { time: '2026-11-24T11:00:00.000Z', message: 'the first' }),
    refused(1, { time: '2026-11-24T13:00:00.000Z', message: 'the \u001b[2Jlast' }),
    refused(2, { reason: 'type\u0007', topic: 'jao.timeseries' }),
  )
  test('groups letters by reason, dataset and topic', () => {
    expect(groupLetters(letters)).toEqual([
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
  test('has times for programs, and no bytes', () => {
    expect(letterJson(lettersOf(refused(0), decided(1, { offset: 0 }))[0]!)).toMatchObject({
      time: '2026-11-24T12:00:00.000Z',
      decision: { decision: 'dropped', by: 'me', why: 'no use', time: '1970-01-01T00:00:01.000Z' },
    })
    expect(letterJson(letters[0]!)).not.toHaveProperty('keyBytes')
  })
  test('is that they hold nothing, or bytes, where no topic says how to read them', async () => {
    const bytes = Buffer.from([0, 255, 254])
    expect(await readContent({ value: bytes }, 'nowhere', undefined as never)).toEqual({ kind: 'bytes', bytes })
    expect(await readContent({ value: null }, 'jao.raw', undefined as never)).toEqual({ kind: 'nothing' })
  })
})
