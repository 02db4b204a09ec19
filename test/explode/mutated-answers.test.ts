import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sources } from '#sources/index.ts'
import type { Answer, Dataset } from '#sources/source.ts'
import { allAnswers } from './answers.ts'

// Whatever upstream makes of an answer of any dataset: explode refuses or yields what can be stored, and never throws.

const datasets = sources.flatMap((source) => source.datasets)
// Datasets of one shape share their answer: it is enough to change it once.
const ofBodies = Map.groupBy(
  allAnswers().answers.filter((answer) => answer.told !== undefined),
  ({ answer }) => Buffer.from(answer.body).toString('latin1'),
)
const told = [...ofBodies.values()].flatMap(([first]) => first ?? [])

/** Changes of the text: cut off, something else in its midst. */
const cuts = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.nat({ max: 60 }),
    put: fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.constantFrom(
        'null',
        '-1e400',
        '1e308',
        '"',
        '{',
        '[]',
        '}',
        ']',
        ',',
        '\\u0000',
        '2026-04-20T22:00:00Z',
        '[[[[[',
      ),
    ),
  }),
  { minLength: 1, maxLength: 3 },
)

/** What may stand where something else was. */
const strange = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    1e308,
    -1e308,
    2 ** 53,
    1e-320,
    '',
    '0',
    true,
    {},
    [],
    [[]],
    nested(50),
    '\u001b[2J',
    '__proto__',
    '9999-12-31T23:59:59Z',
    '+275760-09-13T00:00:00Z',
    '\ud800',
  ),
)

function nested(depth: number): unknown {
  return depth === 0 ? 1 : { deeper: [nested(depth - 1)] }
}

/** The JSON values of a body: one, or one a line. */
function documents(text: string): unknown[] {
  try {
    return [JSON.parse(text)]
  } catch {
    return text.split('\n').flatMap((line): unknown[] => {
      try {
        return [JSON.parse(line)]
      } catch {
        return []
      }
    })
  }
}

/** Every object and list of a JSON value, with the names that stand in it. */
function places(value: unknown, found: [Record<string, unknown>, string][] = []): [Record<string, unknown>, string][] {
  if (typeof value !== 'object' || value === null) return found
  for (const name of Object.keys(value)) {
    found.push([value as Record<string, unknown>, name])
    places((value as Record<string, unknown>)[name], found)
  }
  return found
}

function check(dataset: Dataset, answer: Answer): void {
  const exploded = dataset.explode(answer)
  if (exploded.refusal) {
    expect([exploded.slices, exploded.records ?? []]).toEqual([[], []])
    expect(exploded.refusal.message).not.toMatch(/\p{Cc}/u)
    expect(exploded.refusal.message.length).toBeGreaterThan(10)
    expect(exploded.refusal.message.length).toBeLessThan(2_000)
  }
  for (const { values, startMs, stepS, key } of exploded.slices) {
    expect(
      values.every((value) => value === null || Number.isFinite(value)),
      key,
    ).toBe(true)
    expect(values.length).toBeLessThanOrEqual(100_000)
    expect([Number.isSafeInteger(startMs), Number.isInteger(stepS), stepS > 0, stepS < 2 ** 31]).toEqual([
      true,
      true,
      true,
      true,
    ])
    expect(Object.values(dataset.labels(key)).every((label) => typeof label === 'string')).toBe(true)
    expect(typeof (dataset.unitOf?.(key) ?? dataset.unit)).toBe('string')
  }
  const asked = { window: answer.window, selector: answer.selector ?? null }
  const { slices, records = [], refusedParts = [] } = exploded
  const nothing = !exploded.refusal && slices.length + records.length + refusedParts.length === 0
  // Of what is not empty something is stored, or it is refused: never nothing, and nobody is told.
  if (nothing) expect(dataset.asking?.assess(answer.body, asked)).toBe('empty')
  try {
    const seen = dataset.asking?.assess(answer.body, asked)
    // What upstream says no with is told by look as explode tells it.
    if (exploded.refusal?.reason === 'upstream-rejected') expect(seen).toEqual(dataset.asking && exploded.refusal)
    else if (dataset.asking) expect(['complete', 'partial', 'empty']).toContain(seen)
  } catch (error) {
    // What look says of what cannot be read is what explode refuses it for.
    expect((error as Error).message).toBe(`${exploded.refusal?.reason}: ${exploded.refusal?.message}`)
  }
  dataset.place?.(answer, dataset.keys.example, answer.window.startMs)
}

describe.each(told)('$dataset, $name', (each) => {
  const dataset = datasets.find(({ name }) => name === each.dataset) as Dataset
  const text = Buffer.from(each.answer.body).toString()
  const with_ = (body: string | Uint8Array): Answer => ({ ...each.answer, body: Buffer.from(body) })

  test('with its text changed', () => {
    fc.assert(
      fc.property(cuts, (changes) => {
        let changed = text
        for (const { at, cut, put } of changes) {
          const place = Math.floor(at * changed.length)
          changed = changed.slice(0, place) + put + changed.slice(place + cut)
        }
        check(dataset, with_(changed))
      }),
      { numRuns: 40 },
    )
  })

  test('with values of other types, dropped names and names more', () => {
    const what = fc.array(fc.record({ at: fc.nat(), put: strange, drop: fc.boolean(), more: fc.boolean() }), {
      minLength: 1,
      maxLength: 3,
    })
    fc.assert(
      fc.property(what, (changes) => {
        const json = documents(text)
        for (const { at, put, drop, more } of changes) {
          const all = places(json)
          const [holder, name] = all[at % Math.max(all.length, 1)] ?? []
          if (holder === undefined || name === undefined) continue
          if (drop) delete holder[name]
          else holder[more ? `${name}x` : name] = structuredClone(put)
        }
        check(dataset, with_(json.map((each) => JSON.stringify(each)).join('\n')))
      }),
      { numRuns: 60 },
    )
  })

  test('with all of its names in other letters', () => {
    const json = documents(text)
    for (const [holder, name] of places(json)) {
      if (Array.isArray(holder) || name === name.toUpperCase()) continue
      holder[name.toUpperCase()] = holder[name]
      delete holder[name]
      check(dataset, with_(json.map((each) => JSON.stringify(each)).join('\n')))
    }
  })

  test('cut off anywhere, and bytes that are no text', () => {
    for (let at = 0; at < text.length; at += Math.ceil(text.length / 40)) check(dataset, with_(text.slice(0, at)))
    check(dataset, with_(Buffer.from([0xff, 0xfe, 0x00])))
  })

  test('nested more deeply than any stack', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
    for (const body of [
      deep,
      `{"data":${deep}}`,
      `{"rejected":true,"messages":${deep}}`,
      `[{"identification":${deep}}]`,
    ])
      check(dataset, with_(body))
    const [first] = /"[A-Za-z_]+":[\d.-]+/.exec(text) ?? []
    if (first) check(dataset, with_(text.replace(first, `${first.split(':')[0]}:${deep}`)))
  })
})
