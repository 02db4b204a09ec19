import { describe, expect, test } from 'vitest'
import type { DeadLetter } from '#core/dead-letter.ts'
import { groupLetters } from '#operations/dead-letters/list.ts'
import type { SkipReason } from '#operations/dead-letters/plan.ts'
import { isEverything, matchesSelection, topicsOf } from '#operations/dead-letters/selection.ts'
import { sources } from '#sources/index.ts'
import { lettersOf, refused } from '../../test/support/stored-letters.ts'
import { readChangedSelection, readSelection } from './options.ts'
import { contentText, groupsText, lettersText, outcomeText, stayText } from './report.ts'

describe('a selection', () => {
  const [letter] = lettersOf(refused(3)) as [DeadLetter]
  const isChosen = (options: Parameters<typeof readSelection>[1], ids: string[] = []) =>
    matchesSelection(letter, readSelection(ids, options))
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
    expect(() => isChosen({ since: 'noon' })).toThrow('--since noon is not an instant')
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
    expect(() => readSelection(['jao.raw/0/3'], {})).toThrow('jao.raw is not a dead-letter topic')
    expect(() => readSelection(['17'], {})).toThrow('17 is not a letter')
  })
  test('of letters that are to be changed is everything only when that is said', () => {
    expect(() => readChangedSelection([], {})).toThrow('That means every open letter: name ids or filters')
    expect(readChangedSelection([], { everything: true })).toEqual({ ids: [] })
    expect(readChangedSelection([], { reason: 'bug' })).toEqual({ ids: [], reason: 'bug' })
  })
})

describe('what people read', () => {
  const letters = lettersOf(
    refused(0, { time: '2026-11-24T11:00:00.000Z', message: 'the first' }),
    refused(1, { time: '2026-11-24T13:00:00.000Z', message: 'the \u001b[2Jlast' }),
    refused(2, { reason: 'type\u0007', topic: 'jao.timeseries' }),
  )
  test('steers no terminal', () => {
    const done = letters.slice(0, 2)
    const skipped = [{ letter: letters[2]!, why: { kind: 'not-taken', message: 'of \u009b1m' } as const }]
    const texts = [
      groupsText(groupLetters(letters)),
      lettersText(letters),
      outcomeText({ verb: 'requeued', dryRun: true, done, skipped, unknown: ['x\u0007'] }),
      contentText({ kind: 'bytes', bytes: Buffer.from('<html>\u001b[2J'), problem: '\u001b[2J' }),
    ]
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
    for (const text of texts) expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
    expect(texts[2]).toBe(
      '2 letters would be requeued\n  2 bug on jao.raw\njao.dlq/0/2 stays: of \ufffd1m\nx\ufffd: there is no such letter\n',
    )
  })
  test('says which were refused again, and how to see why; or that nobody knows yet', () => {
    const done = letters.slice(0, 1)
    const outcome = { verb: 'requeued', dryRun: false, done, skipped: [], unknown: [] } as const
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
  test('shows bytes that are no text in hexadecimal', () => {
    expect(contentText({ kind: 'bytes', bytes: Buffer.from([0, 255, 254]) })).toBe('3 bytes: 00fffe')
    expect(contentText({ kind: 'nothing' })).toBe('no value')
  })
  test('says why a letter stays', () => {
    const source = { topic: 'jao.raw', partition: 1, offset: 99 }
    const reasons: [SkipReason, string][] = [
      [{ kind: 'settled', decision: 'dropped' }, 'was dropped before: --again sends it once more'],
      [{ kind: 'no-source' }, 'its headers do not say where it came from'],
      [{ kind: 'left-out', source }, 'was too large for a letter: it lies at jao.raw/1/99, for a replay to read'],
      [
        { kind: 'foreign-topic', topic: 'polls', deadLetters: 'jao.dlq' },
        'polls is not a topic whose letters lie on jao.dlq',
      ],
      [{ kind: 'no-partition', topic: 'jao.raw', partition: 2 }, 'jao.raw has no partition 2'],
      [
        { kind: 'parked', dataset: 'jao.core.maxExchanges' },
        'jao.core.maxExchanges is parked: `npx tidemark dlq release jao.core.maxExchanges`',
      ],
      [
        { kind: 'same-reason', reason: 'bug', attempts: 2 },
        'came back for the same reason (bug, 2 attempts): --again when that is mended',
      ],
      [{ kind: 'deleted' }, 'retention has deleted it'],
      [{ kind: 'would-be-refused', reason: 'type', message: 'm' }, 'would be refused again (type: m)'],
    ]
    for (const [why, text] of reasons) expect(stayText(why)).toBe(text)
    expect(stayText({ kind: 'settled', decision: 'requeued' }, 'dropped')).toBe('was requeued before')
  })
})
