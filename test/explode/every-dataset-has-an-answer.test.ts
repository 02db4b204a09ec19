import { describe, expect, test } from 'vitest'
import { sources } from '#sources/index.ts'
import type { Dataset, ExplodeResult } from '#sources/source.ts'
import { flaggedPoints, sortPoints } from '../support/flagged-points.ts'
import { allAnswers } from './answers.ts'

// Whatever is declared is read at least once, and what comes out is what a person read in the same bytes.

const datasets = sources.flatMap((source) => source.datasets)
const answers = allAnswers().answers.filter(({ told }) => told !== undefined)

test.each(datasets.map(({ name }) => name))('%s', (name) => {
  expect(answers.filter(({ dataset }) => dataset === name).map((answer) => answer.name)).not.toEqual([])
})

test('no name is declared twice, and no view', () => {
  const views = datasets.flatMap(({ view }) => view?.name ?? [])
  for (const names of [datasets.map(({ name }) => name), views]) expect(new Set(names).size).toBe(names.length)
})

test.each(datasets.filter(({ checks = [] }) => checks.length > 0))(
  '$name shows the flag of each of its checks',
  (dataset) => {
    const shown = answers.flatMap(({ dataset: name, told }) => {
      if (name !== dataset.name) return []
      const records = (told?.records ?? []).flatMap(([, { flags = [] }]) => (flags as string[][]).flat())
      return [...(told?.flagged ?? []).map(([, , flag]) => flag), ...records]
    })
    expect(shown).toEqual(expect.arrayContaining(dataset.checks!.map(({ flag }) => flag)))
  },
)

describe.each(answers.map(({ dataset, name, answer, told }) => ({ dataset, name, answer, told })))(
  '$dataset, $name',
  ({ dataset: name, answer, told }) => {
    const dataset = datasets.find((each) => each.name === name) as Dataset
    const exploded = dataset.explode(answer)

    test('is not refused, and says what a person reads in it', () => {
      expect(exploded.refusal).toBeUndefined()
      expect(valuesOf(exploded)).toEqual(told?.values)
      for (const [key, time, value] of told?.points ?? [])
        expect([key, time, pointOf(exploded, key, time)]).toEqual([key, time, value])
      expect(flaggedPoints(exploded.slices, dataset.checks ?? [])).toEqual(sortPoints(told?.flagged ?? []))
      for (const slice of exploded.slices) {
        if (told?.flags) expect(slice.flags).toEqual(told.flags)
        if (told?.modified) expect(slice.upstreamModifiedAtMs).toBe(Date.parse(told.modified))
      }
      if (told?.unit) expect(dataset.unitOf?.(told.unit[0]) ?? dataset.unit).toBe(told.unit[1])
    })

    test('has the records that a person reads in it', () => {
      const records = exploded.records ?? []
      const expected = told?.records ?? []
      expect(records.map(({ topic }) => topic)).toEqual(expected.map(([topic]) => topic))
      for (const [index, [, fields]] of expected.entries()) expect(records[index]?.fields).toMatchObject(fields)
      expect(new Set(records.map(({ key }) => key)).size).toBe(records.length)
    })

    test('can be looked at', () => {
      const asked = { window: answer.window, selector: answer.selector ?? null }
      if (dataset.asking) expect(['complete', 'partial', 'empty']).toContain(dataset.asking.assess(answer.body, asked))
    })
  },
)

/** How many values that are not null each key has. */
function valuesOf({ slices }: ExplodeResult): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { key, values } of slices)
    counts[key] = (counts[key] ?? 0) + values.filter((value) => value !== null).length
  return counts
}

/** undefined where no slice says anything of that time. */
function pointOf({ slices }: ExplodeResult, key: string, time: string): number | null | undefined {
  const atMs = Date.parse(time)
  for (const slice of slices) {
    const place = (atMs - slice.startMs) / 1000 / slice.stepS
    if (slice.key === key && Number.isInteger(place) && place >= 0 && place < slice.values.length)
      return slice.values[place]
  }
  return undefined
}
