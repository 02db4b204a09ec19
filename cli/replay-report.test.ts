import { expect, test } from 'vitest'
import { dryRunText } from './replay-report.ts'

test('a series with a name of 100,000 characters fills one line of 200 characters, not the screen', () => {
  const counts = { added: 0, changed: 0, gone: 0, same: 0, rawGoneKept: 0, goneFrom: [], changedFrom: [] }
  const text = dryRunText({
    dataset: 'kraken.ticker',
    transformVersion: 2,
    newlyRefused: [],
    newlyAccepted: [],
    comparison: {
      ...{ rowsAdded: 1, rowsChanged: 0, rowsGone: 0, rowsSame: 0, rawGoneKept: 0, ofSameVersion: 0, storedVersion: 1 },
      ...{ seriesAdded: ['x'.repeat(100_000)], seriesGone: [], largest: [], addedFrom: [], answers: counts },
    },
  } as unknown as Parameters<typeof dryRunText>[0])
  expect(text).toContain(`series added: ${'x'.repeat(200)}…\n`)
  expect(text.length).toBeLessThan(1_000)
})
