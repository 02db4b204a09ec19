import { describe, expect, test } from 'vitest'
import { coreMaxExchanges } from '#sources/jao/core.ts'
import type { Dataset, ExplodeResult } from '#sources/source.ts'
import { simulatedJaoAnswers } from './simulated-jao-answers.ts'
import { compareSnapshots, type Snapshot, takeSnapshot } from './snapshot.ts'

const none = new Set<string>()
const of = (transformVersion: number, answers: Record<string, [answer: string, explosion: string]>): Snapshot => ({
  'a.b': {
    transformVersion,
    answers: Object.fromEntries(
      Object.entries(answers).map(([name, [answer, explosion]]) => [name, { answer, explosion }]),
    ),
  },
})
const kept = of(3, { one: ['a1', 'x1'], two: ['a2', 'x2'], three: ['a3', 'x3'] })

describe('compareSnapshots', () => {
  test('the same is the same', () => {
    expect(compareSnapshots(kept, kept, none)).toEqual({ broken: [], next: kept })
  })

  test('an output that changed without a higher version is refused, and the answers are named', () => {
    const now = of(3, { one: ['a1', 'x1'], two: ['a2', 'new'], three: ['a3', 'new'] })
    expect(compareSnapshots(kept, now, none).broken).toEqual([
      'explode of a.b changed its output for two, three, though its transformVersion is still 3: raise it in its source and run `npm run generate`',
    ])
  })

  test('with a higher version it is what is kept from now on', () => {
    const now = of(4, { one: ['a1', 'new'], two: ['a2', 'x2'], three: ['a3', 'x3'] })
    expect(compareSnapshots(kept, now, none)).toEqual({ broken: [], next: now })
  })

  test('a check that is added or taken away without a higher version is refused, and the replay is named', () => {
    const now: Snapshot = { 'a.b': { ...kept['a.b']!, checks: ['odd', 'odder'] } }
    const sentence = (checks: string) =>
      expect.stringMatching(`^the checks of a\\.b are now ${checks}, though .* still 3: .*npx tidemark replay a\\.b\``)
    expect(compareSnapshots(kept, now, none).broken).toEqual([sentence('odd, odder, before none')])
    expect(compareSnapshots(now, kept, none).broken).toEqual([sentence('none, before odd, odder')])
    const raised: Snapshot = { 'a.b': { ...now['a.b']!, transformVersion: 4 } }
    expect(compareSnapshots(kept, raised, none)).toEqual({ broken: [], next: raised })
    expect(compareSnapshots(raised, raised, none)).toEqual({ broken: [], next: raised })
  })

  test('with a lower one it is refused, changed or not', () => {
    const down = 'the transformVersion of a.b went down from 3 to 2'
    expect(compareSnapshots(kept, { 'a.b': { ...kept['a.b']!, transformVersion: 2 } }, none).broken).toEqual([down])
    const now = of(2, { one: ['a1', 'new'], two: ['a2', 'x2'], three: ['a3', 'x3'] })
    expect(compareSnapshots(kept, now, none).broken).toEqual([down])
  })

  test('a new answer, and another one of the same name, are kept from now on', () => {
    const now = of(3, { one: ['other', 'new'], two: ['a2', 'x2'], three: ['a3', 'x3'], four: ['a4', 'x4'] })
    expect(compareSnapshots(kept, now, none)).toEqual({ broken: [], next: now })
  })

  test('an answer that is gone, a dataset that is gone and one without answers are refused', () => {
    const now = of(3, { two: ['a2', 'x2'] })
    expect(compareSnapshots(kept, now, none).broken).toEqual([
      expect.stringMatching(/^answers of a\.b are gone from test\/explode: one, three: /),
    ])
    expect(compareSnapshots(kept, {}, none).broken).toEqual([expect.stringMatching(/^the dataset a\.b is gone: /)])
    expect(compareSnapshots({}, of(1, {}), none).broken).toEqual(['there is no answer of a.b: add one to test/explode'])
  })

  test('a recorded answer that is not on this machine stays as it is kept, until the version is raised', () => {
    const now = of(3, { two: ['a2', 'x2'], three: ['a3', 'x3'] })
    expect(compareSnapshots(kept, now, new Set(['one']))).toEqual({ broken: [], next: kept })
    const raised = of(4, { two: ['a2', 'x2'], three: ['a3', 'x3'] })
    expect(compareSnapshots(kept, raised, new Set(['one']))).toEqual({ broken: [], next: raised })
  })
})

describe('a change of explode', () => {
  const answers = simulatedJaoAnswers()
  const changed = (explode: (explosion: ExplodeResult) => ExplodeResult): Dataset => ({
    ...coreMaxExchanges,
    explode: (answer) => explode(coreMaxExchanges.explode(answer)),
  })
  const before = takeSnapshot([coreMaxExchanges], answers)
  const brokenBy = (dataset: Dataset) => compareSnapshots(before, takeSnapshot([dataset], answers), none).broken

  test('of one value shows in the answers that hold it', () => {
    const doubled = changed(({ slices, ...rest }) => ({
      ...rest,
      slices: slices.map((slice) =>
        slice.key === 'border_XX_New_VH' ? { ...slice, values: slice.values.map((value) => 2 * (value ?? 0)) } : slice,
      ),
    }))
    expect(brokenBy(doubled)).toEqual([expect.stringContaining('changed its output for a key more, though')])
  })

  test('from a null to something that JSON writes as null shows too', () => {
    const odd = changed(({ slices, ...rest }) => ({
      ...rest,
      slices: slices.map((slice) => ({ ...slice, values: slice.values.map((value) => value ?? Number.NaN) })),
    }))
    expect(brokenBy(odd)).toEqual([expect.stringMatching(/a value taken back/)])
  })

  test('of the order of slices, of what is counted, or of the words of a refusal is none', () => {
    const same = changed(({ slices, refusal }) => ({
      slices: slices.toReversed(),
      ignored: { more: 1 },
      ...(refusal && { refusal: { ...refusal, message: 'better words' } }),
    }))
    expect(brokenBy(same)).toEqual([])
  })

  test('of unit, flags, step or reason shows', () => {
    expect(brokenBy({ ...coreMaxExchanges, unit: 'GW' })).toHaveLength(1)
    expect(
      brokenBy(changed((all) => ({ ...all, slices: all.slices.map((each) => ({ ...each, flags: ['new'] })) }))),
    ).toHaveLength(1)
    expect(
      brokenBy(changed((all) => ({ ...all, slices: all.slices.map((each) => ({ ...each, stepS: 60 })) }))),
    ).toHaveLength(1)
    expect(
      brokenBy(
        changed(({ refusal, ...rest }) => ({ ...rest, ...(refusal && { refusal: { ...refusal, reason: 'type' } }) })),
      ),
    ).toHaveLength(1)
  })
})

test('the made answers are of every kind: read, empty, and refused for each reason that explode knows', () => {
  const outcomes = simulatedJaoAnswers().map(({ name, answer }) => {
    const { slices, refusal } = coreMaxExchanges.explode(answer)
    expect([name, refusal !== undefined]).toEqual([name, name.startsWith('refused: ')])
    return refusal?.reason ?? (slices.length === 0 ? 'empty' : `${slices[0]?.values.length} values`)
  })
  expect([...new Set(outcomes)].toSorted()).toEqual([
    '23 values',
    '24 values',
    '25 values',
    '96 values',
    'conflicting-rows',
    'empty',
    'not-json',
    'outside-window',
    'schema',
    'step',
    'too-many-keys',
    'type',
    'upstream-rejected',
  ])
})
