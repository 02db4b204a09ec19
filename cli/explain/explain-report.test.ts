import { describe, expect, test } from 'vitest'
import type { FoundRaw } from '#operations/explain/raw-records.ts'
import type { Dataset } from '#sources/source.ts'
import { allAnswers, answer, type asked, at, dataset, explain, gone, named } from '../../test/support/explanations.ts'
import { explanationText } from './explain-report.ts'

test('an answer of the window that does not name the point withdraws it, in words', () => {
  const then = explain(named, undefined, { knownByMs: at('20T03:59') }, allAnswers)
  const text = explanationText(then, 'Europe/Brussels', (inner) => inner)
  const by = 'the answer of 2026-11-20T02:00:00.000Z, which does not name it: a.raw partition 1 offset 4'
  expect(text).toContain(`: null, known at 2026-11-20T03:00:00.000Z; withdrawn by ${by}`)
  expect(text).toContain(`   withdrawn by  ${by}`)
})

describe('the text', () => {
  const evil = '\u001b[2J\u009b1m'
  const body = Buffer.from(`{"data":[{"k":\t12.0,"e":"${evil}"}]}`)
  const here = (bytes: Buffer, problems: string[] = []): FoundRaw => ({
    state: 'here',
    problems,
    stored: {
      ...{ topic: 'a.raw', partition: 1, offset: 5, key: Buffer.from(evil), value: null },
      ...{ headers: { replay: Buffer.from(evil) }, writtenAtMs: at('20T02:00') },
    },
    record: {
      ...{ dataset: 'a.b.c', requestIdentity: 'i', windowStart: 0, windowEnd: 1, url: `http://x/${evil}`, status: 200 },
      ...{ headers: { etag: evil }, body: bytes, contentHash: evil, sentAt: at('20T01:59'), fetchedAt: at('20T02:00') },
      origin: 'live',
      confirms: false,
    },
  })
  const placed = { ...dataset, place: () => ['data', 0, 'k'] } as Dataset
  const text = (raw: FoundRaw, value: number | null, version = 2, over: Partial<typeof asked> = {}) => {
    const told = answer(value, '20T02:00', { transformVersion: version })
    const explanation = explain([told], [raw], { dataset: placed, withBody: true, ...over })
    return explanationText(explanation, 'Europe/Brussels', (inner) => `<${inner}>`)
  }
  test('says what is explained, also inside a step, and underlines the value', () => {
    const lines = text(here(body), 12).split('\n')
    expect(lines.slice(0, 3)).toEqual([
      'a.b.c k at 2026-11-21T00:00:00.000Z (2026-11-21T01:00+01:00[Europe/Brussels])',
      '2026-11-21T00:10:00.000Z lies inside a step of 3600 s: its point, at 2026-11-21T00:00:00.000Z, is explained.',
      'now: 12 MW, known at 2026-11-20T02:00:00.000Z',
    ])
    const underlined = lines.findIndex((line) => line.includes('^'))
    expect(lines.slice(underlined - 2, underlined + 1)).toEqual([
      '   value         data[0].k, bytes 15 to 18 of the body',
      '    {"data":[{"k": <12.0>,"e":"\ufffd[2J\ufffd1m"}]}',
      '                   ^^^^',
    ])
    expect(body.subarray(15, 19).toString()).toBe('12.0')
  })
  test('does not blame the body where nobody has declared where values stand', () => {
    const { place: _, ...unplaced } = placed
    expect(text(here(body), 12)).not.toContain('declared')
    expect(text(here(Buffer.from('{}')), 12)).toContain('value         the body names none at that time')
    expect(text(here(body), 12, 2, { dataset: unplaced })).toContain(
      `value         where values of this dataset stand in a body is not declared (\`place\` of its source); the body begins
    {"data":[{"k": 12.0`,
    )
  })
  test('names the trace of the poll, if the raw record does, also in the JSON', () => {
    const raw = here(body)
    expect(text(raw, 12)).not.toContain('trace ')
    if (raw.state !== 'here') throw new Error(raw.why)
    const id = '4bf92f3577b34da6a3ce929d0e0e4736'
    raw.stored.headers = { traceparent: Buffer.from(`00-${id}-00f067aa0ba902b7-01`) }
    expect(text(raw, 12)).toContain(`\n   trace         ${id}\n`)
    expect(explain([answer(12, '20T02:00')], [raw]).answers[0]?.raw).toMatchObject({ traceId: id })
    raw.stored.headers = { traceparent: Buffer.from(evil) }
    expect(text(raw, 12)).not.toContain('   trace ')
  })
  test('steers no terminal', () => {
    expect(text(here(body, [evil]), 12, 2, { key: evil })).not.toMatch(/(?!\n)\p{Cc}/u)
    expect(text(here(Buffer.from(`<html>${evil}`)), 12)).not.toMatch(/(?!\n)\p{Cc}/u)
  })
  test('says when today’s code reads something else there, but not of what an older version read', () => {
    expect(text(here(body), 12)).not.toContain('WRONG')
    expect(text(here(body), 13)).toContain('WRONG         at its place in the body stands 12.0, and stored is 13')
    expect(text(here(body), null)).toContain('WRONG')
    expect(text(here(body), 13, 1)).not.toContain('WRONG')
    expect(text(here(body), 13, 1)).toContain("version 1 (today's is 2)")
  })
  test('takes a number that upstream writes as a text for that number, and an empty text for nothing', () => {
    const found = (json: string) => here(Buffer.from(`{"data":[{"k":${json}}]}`))
    expect(text(found('"84496.90000"'), 84_496.9)).not.toContain('WRONG')
    expect(text(found('"-1E-05"'), -0.00001)).not.toContain('WRONG')
    expect(text(found('""'), null)).not.toContain('WRONG')
    expect(text(found('"84496.91"'), 84_496.9)).toContain('stands "84496.91", and stored is 84496.9')
    expect(text(found('""'), 0)).toContain('WRONG')
  })
  test('calls what is first seen after delivery began a backfill, but for ticks, which are known after their instant', () => {
    const late = [answer(12, '21T01:00')]
    const words = (kind: string) =>
      explanationText(
        explain(late, undefined, { dataset: { ...dataset, calendar: { kind } } as Dataset }),
        'UTC',
        (inner) => inner,
      )
    expect(words('days')).toContain('first seen by a backfill')
    expect(words('ticks')).toContain('12 MW, first published')
  })
  test('says what was not known yet, and what became known later', () => {
    const early = text(here(body), 12, 2, { knownByMs: at('20T01:00') })
    expect(early).toContain('as of 2026-11-20T01:00:00.000Z: not known yet, first known at 2026-11-20T02:00:00.000Z')
    expect(early).toContain('first published (later than asked for)')
  })
  test('says that the raw record is deleted', () => {
    expect(text(gone, 12)).toContain('raw record    a.raw partition 1 offset 5: deleted: it begins at 7')
  })
})
