import { expect, test } from 'vitest'
import { printable } from '#platform/process/printable.ts'
import type { AlertEvent } from '#schemas/generated/records.ts'
import { composeMessage, type MessageBody } from './compose-message.ts'

const nowMs = Date.UTC(2026, 10, 1, 12)

const event = (id: string, partial: Partial<AlertEvent> = {}): AlertEvent => ({
  ...{ id, kind: 'firing', ruleId: 'r', ruleVersion: 1, title: 'A spike', owner: 'o', severity: 'critical' },
  ...{ dataset: 'kraken.ticker', key: 'A.last', unit: 'USD', onsetAt: nowMs, endsAt: null, firingId: null },
  ...{ pointAt: nowMs, value: 31, compared: 3.1, reference: 10, samples: 5, expected: 5, knownAt: nowMs },
  ...{ rawPartition: 0, rawOffset: 0, detail: null, at: nowMs, ...partial },
})

const several = (count: number, partial: Partial<AlertEvent> = {}) =>
  Array.from({ length: count }, (_, at) => event(`${at}`.padStart(32, '0'), partial))
const compose = (events: readonly AlertEvent[]) =>
  composeMessage(
    events.map(({ id }) => id),
    events,
    nowMs,
  )

/** What a webhook sends: platform/delivery/webhook.ts refuses 20,000 bytes. */
const bodyBytes = ({ type, atMs, data }: MessageBody): number =>
  Buffer.byteLength(JSON.stringify({ type, timestamp: new Date(atMs).toISOString(), data }))

/** How many transitions the text spells out, and how many more it says there are. */
const spelled = ({ text }: MessageBody) => [
  text.split('\n').filter((line) => line.includes(' fires on ')).length,
  Number(/^And (\d+) more\.$/m.exec(text)?.[1] ?? 0),
]

test('one transition is told with its numbers', () => {
  const message = compose([event('e'.repeat(32))])
  expect(message).toMatchObject({
    type: 'alert.firing',
    subject: '[critical] A spike: firing kraken.ticker A.last',
    data: {
      count: 1,
      more: 0,
      events: [{ rule: 'r', value: 31, onset_at: '2026-11-01T12:00:00.000Z', ends_at: null }],
    },
  })
  expect(message.text).toBe(
    'A spike: fires on kraken.ticker A.last; since 2026-11-01 12:00:00 UTC; value 31 USD, compared 3.1, reference 10 (5 of 5).\n' +
      `\`npx tidemark alerts explain ${'e'.repeat(32)}\` shows the numbers and the bytes.`,
  )
  expect(message.references).toBeUndefined()
})

test('a resolve names the message of its firing', () => {
  expect(compose([event('b', { kind: 'resolved', firingId: 'a', endsAt: nowMs })]).references).toBe('a')
  // A message of several is an answer to none of them.
  expect(compose([event('b', { firingId: 'a' }), event('c')]).references).toBeUndefined()
})

test.each([
  [2, 2],
  [20, 20],
  [21, 20],
  [1_000, 20],
])('%i short transitions: %i are spelled out, and the rest is counted', (count, listed) => {
  const message = compose(several(count))
  expect(message.type).toBe('alert.several')
  expect(message.subject).toBe(`[critical] A spike: firing kraken.ticker A.last and ${count - 1} more`)
  expect(spelled(message)).toEqual([listed, count - listed])
  expect(message.data).toMatchObject({ count, more: count - listed })
  expect(message.data.events).toHaveLength(listed)
})

test.each([
  ['as long as allowed', 'x'],
  ['of four bytes each', '😀'],
  ['that JSON writes in six bytes', '\u0000'],
  ['half of a character', '\ud83d'],
])('1,000 transitions with titles, keys and reasons %s stay below 20 kB, and are all counted', (_, letter) => {
  const long = {
    ...{ title: letter.repeat(200), dataset: letter.repeat(200), key: letter.repeat(300), ruleId: 'r'.repeat(63) },
    ...{ detail: letter.repeat(20_000), unit: letter.repeat(1_000) },
  }
  for (const count of [1, 2, 1_000]) {
    const message = compose(several(count, long))
    const listed = (message.data.events as unknown[]).length
    expect(listed).toBeGreaterThan(0)
    expect(bodyBytes(message)).toBeLessThan(20_000)
    expect(message.text.length).toBeLessThan(8_200)
    expect(message.data).toMatchObject({ count, more: count - listed })
    expect(spelled(message)).toEqual([listed, count - listed])
    expect(message.subject.length).toBeLessThanOrEqual(250)
    // No line of upstream's own, and nothing that a terminal would obey.
    expect(message.text.split('\n')).toHaveLength(listed + 1 + Number(count > listed))
    const line = `${message.subject}${message.text}`.replaceAll('\n', '')
    expect(printable(line)).toBe(line)
  }
})

test('a character is not cut in two', () => {
  const { data } = compose([event('a', { detail: `x${'😀'.repeat(300)}` })])
  const [{ detail }] = data.events as [{ detail: string }]
  expect(detail).toBe(`x${'😀'.repeat(249)}…`)
})
