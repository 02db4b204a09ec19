import { expect, test } from 'vitest'
import type { AlertEvent } from '#schemas/generated/records.ts'
import { describeCondition, describeEvent } from './describe-rule.ts'
import { ruleSchema } from './rule.ts'

const to = { window: 'PT1H', of: 'avg' }
const hourly = (of: string) => ({ value: '>', than: 3, as: 'ratio', to: { window: 'PT1H', of } })

test.each([
  [{ value: '>', than: 3 }, 'the value is more than 3'],
  [{ value: '<=', than: -0.5 }, 'the value is at most -0.5'],
  [{ value: '>', than: 3, as: 'ratio', to }, 'the value is more than 3 times the average of the hour before it'],
  [
    { value: '<', than: -5, as: 'percent', to: { window: 'P1D', of: 'stddev' } },
    'the value is less than -5 % above the standard deviation of the day before it',
  ],
  [{ value: '>=', than: 7, as: 'difference', to: { dataset: 'd', key: 'k' } }, 'the value minus d k is at least 7'],
  [
    { value: '>', than: 7, as: 'difference', to: { knownBefore: 'P1D' } },
    'the value minus what was known 1 day before is more than 7',
  ],
  [
    {
      all: [
        { value: '>', than: 1 },
        { value: '<', than: 2 },
      ],
    },
    'the value is more than 1, and the value is less than 2',
  ],
  [
    {
      any: [
        { value: '>', than: 1 },
        { value: '<', than: 0 },
      ],
    },
    'the value is more than 1, or the value is less than 0',
  ],
  [{ value: '<', than: 900 }, 'the value is less than 900'],
  [hourly('avg'), 'the value is more than 3 times the average of the hour before it'],
  [{ ...hourly('first'), as: 'percent' }, 'the value is more than 3 % above the first value of the hour before it'],
  [
    { ...hourly('min'), value: '<', as: 'percent', than: -5 },
    'the value is less than -5 % above the minimum of the hour before it',
  ],
  [
    { ...hourly('stddev'), as: 'difference' },
    'the value minus the standard deviation of the hour before it is more than 3',
  ],
  [
    {
      all: [
        { value: '>', than: 1 },
        { value: '<=', than: 2 },
      ],
    },
    'the value is more than 1, and the value is at most 2',
  ],
  [
    {
      any: [
        { value: '>', than: 1 },
        { value: '<=', than: 0 },
      ],
    },
    'the value is more than 1, or the value is at most 0',
  ],
  [{ revision: '>', than: 500 }, 'a value that lies ahead is revised by more than 500'],
  [{ revision: '>=', than: 500, ahead: false }, 'a value is revised by at least 500'],
  [{ becomes: 'late' }, 'a window is late'],
  [{ becomes: 'published' }, 'a window is published'],
  [{ becomes: 'retracted' }, 'a window is retracted'],
])('%j in words', (when, expected) => {
  expect(describeCondition(ruleSchema.parse({ id: 'r', title: 't', owner: 'o', of: { dataset: 'd' }, when }))).toBe(
    expected,
  )
})

test.each([
  [{ for: 'PT1H' }, 'the value is less than 4000 for 1 hour'],
  [{ for: 'P1DT30M' }, 'the value is less than 4000 for 1 day 30 minutes'],
  [{ times: { of: 5, atLeast: 3 } }, 'the value is less than 4000, in 3 of the newest 5 values'],
  [{ keepFiringFor: 'PT90S' }, 'the value is less than 4000; it fires on for 90 seconds after that'],
  [
    { for: 'PT2H', clearAt: 4500, keepFiringFor: 'PT1M' },
    'the value is less than 4000 for 2 hours; it fires until the value passes 4500; it fires on for 1 minute after that',
  ],
])('how long it has to hold: %j', (more, expected) => {
  const rule = { id: 'r', title: 't', owner: 'o', of: { dataset: 'd' }, when: { value: '<', than: 4000 }, ...more }
  expect(describeCondition(ruleSchema.parse(rule))).toBe(expected)
})

test('how long several conditions have to hold together', () => {
  const all = [
    { value: '>', than: 1 },
    { value: '<', than: 2 },
  ]
  const rule = { id: 'r', title: 't', owner: 'o', of: { dataset: 'd' }, when: { all }, for: 'PT10M' }
  expect(describeCondition(ruleSchema.parse(rule))).toBe(
    'the value is more than 1, and the value is less than 2, for 10 minutes',
  )
})

test('a window of several units', () => {
  const when = { value: '>', than: 3, as: 'ratio', to: { window: 'P1DT12H', of: 'avg' } }
  const rule = { id: 'r', title: 't', owner: 'o', of: { dataset: 'd' }, when }
  expect(describeCondition(ruleSchema.parse(rule))).toBe(
    'the value is more than 3 times the average of the 1 day 12 hours before it',
  )
})

const onsetAt = Date.UTC(2026, 10, 1, 12)

const event = (partial: Partial<AlertEvent>): AlertEvent => ({
  ...{ id: 'e', kind: 'firing', ruleId: 'r', ruleVersion: 1, title: 'T', owner: 'o', severity: 'critical' },
  ...{ dataset: 'd', key: 'k', unit: 'MW', onsetAt, endsAt: null, firingId: null, pointAt: onsetAt, value: 31 },
  ...{ compared: 3.1, reference: 10, samples: 5, expected: 6, knownAt: onsetAt, rawPartition: 0, rawOffset: 0 },
  ...{ detail: null, at: onsetAt, ...partial },
})

const bare = { value: null, compared: null, reference: null, samples: null, expected: null }

test.each<[Partial<AlertEvent>, string]>([
  [{}, 'T: fires on d k; since 2026-11-01 12:00:00 UTC; value 31 MW, compared 3.1, reference 10 (5 of 6)'],
  [
    { endsAt: onsetAt + 900_000 },
    'T: fires on d k; from 2026-11-01 12:00:00 UTC to 2026-11-01 12:15:00 UTC; value 31 MW, compared 3.1, reference 10 (5 of 6)',
  ],
  [
    { kind: 'resolved', endsAt: onsetAt + 1_500, pointAt: onsetAt + 1_500, value: 2, compared: 2, reference: null },
    'T: is resolved on d k; from 2026-11-01 12:00:00 UTC to 2026-11-01 12:00:01.500 UTC; value 2 MW at 2026-11-01 12:00:01.500 UTC',
  ],
  [
    { kind: 'changed', ...bare, endsAt: onsetAt },
    'T: has another end on d k; from 2026-11-01 12:00:00 UTC to 2026-11-01 12:00:00 UTC',
  ],
  [{ kind: 'cancelled', ...bare, detail: 'why' }, 'T: is taken back on d k; since 2026-11-01 12:00:00 UTC; why'],
  [{ kind: 'happened', ...bare }, 'T: happened on d k; at 2026-11-01 12:00:00 UTC'],
  [
    { kind: 'unknown', ...bare, key: '', detail: 'late: upstream-unreachable' },
    'T: is unknown on d; since 2026-11-01 12:00:00 UTC; late: upstream-unreachable',
  ],
  [
    { kind: 'known', ...bare, key: '', endsAt: onsetAt },
    'T: is known again on d; from 2026-11-01 12:00:00 UTC to 2026-11-01 12:00:00 UTC',
  ],
  [{ unit: '', compared: 31, reference: null }, 'T: fires on d k; since 2026-11-01 12:00:00 UTC; value 31'],
  [
    { value: 0.1 + 0.2, compared: null, reference: null },
    'T: fires on d k; since 2026-11-01 12:00:00 UTC; value 0.3 MW',
  ],
])('%j in one line', (partial, expected) => {
  expect(describeEvent(event(partial))).toBe(expected)
})

test('what upstream said stays in its line', () => {
  const said = describeEvent(event({ ...bare, key: 'k\u001b[2J', detail: 'no\r\nBcc: all@example.org' }))
  expect(said).toBe('T: fires on d k\ufffd[2J; since 2026-11-01 12:00:00 UTC; no\ufffd\ufffdBcc: all@example.org')
})
