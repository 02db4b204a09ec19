import { expect, test } from 'vitest'
import { sources } from '#sources/index.ts'
import type { Dataset, ExplodeResult } from '#sources/source.ts'
import { allAnswers } from './answers.ts'

// An answer with white space in front is the same JSON. It is read by JSON.parse, and a plain answer is read from its bytes.
// So explode, assess and place must say the same of both.

const datasets = new Map(sources.flatMap((source) => source.datasets).map((dataset) => [dataset.name, dataset]))
const answers = allAnswers().answers.filter(({ dataset }) => dataset.startsWith('jao.'))

/** Without the message of JSON.parse, which says at which byte it stopped. */
const comparable = ({ refusal, ...rest }: ExplodeResult) => ({
  ...rest,
  refusal: refusal?.reason === 'not-json' ? 'not-json' : refusal,
})

test.each(answers)('$dataset, $name', ({ dataset: name, answer }) => {
  const { explode, asking, place } = datasets.get(name) as Dataset
  const spaced = { ...answer, body: Buffer.concat([Buffer.from(' '), answer.body]) }
  const exploded = explode(answer)
  expect(comparable(exploded)).toStrictEqual(comparable(explode(spaced)))
  if (exploded.refusal) return
  const asked = { window: answer.window, selector: answer.selector ?? null }
  expect(asking?.assess(answer.body, asked)).toEqual(asking?.assess(spaced.body, asked))
  const json = JSON.parse(Buffer.from(answer.body).toString()) as unknown
  // Each call of place reads the whole answer.
  for (const { key, startMs, stepS, values } of exploded.slices.slice(0, 4)) {
    for (const [step, value] of values.slice(0, 3).entries()) {
      const path = place?.(answer, key, startMs + step * stepS * 1_000)
      const found = path?.reduce((inner, part) => (inner as Record<string, unknown>)[part], json)
      expect(found ?? null, `${key}, ${path}`).toBe(value)
    }
  }
})
