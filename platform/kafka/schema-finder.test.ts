import { expect, test } from 'vitest'
import { createSchemaFinder } from './schema-finder.ts'

const limits = { retryMs: 20, unknownMs: 200, maxUnknown: 5 }
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A registry that holds some schemas and counts the requests for each id. */
function registry(schemas: Map<number, string>) {
  const asked: number[] = []
  const finder = createSchemaFinder(async (id) => {
    asked.push(id)
    return schemas.get(id)
  }, limits)
  return { asked, finder }
}

test('an unknown id is asked for twice, then not until its time is over', async () => {
  const { asked, finder } = registry(new Map([[1, 'one']]))
  expect(await finder.find([1, 7])).toEqual(new Map([[1, 'one']]))
  expect(asked).toEqual([1, 7, 7])
  expect(finder.whyUnknown(7)).toBe('the registry knows no schema with id 7')
  await finder.find([7])
  await finder.find([7])
  expect(asked).toEqual([1, 7, 7])
  await pause(limits.unknownMs)
  await finder.find([7])
  expect(asked).toEqual([1, 7, 7, 7, 7])
})

test('a schema that the registry has a moment later is found', async () => {
  const schemas = new Map<number, string>()
  const { finder } = registry(schemas)
  const finding = finder.find([3])
  schemas.set(3, 'three')
  expect(await finding).toEqual(new Map([[3, 'three']]))
})

test('a flood of unknown ids is asked for in part, the most wanted first; a known one among them is found', async () => {
  const { asked, finder } = registry(new Map([[9_000, 'wanted']]))
  const flood = Array.from({ length: 1_000 }, (_, index) => index)
  expect(await finder.find([9_000, ...flood])).toEqual(new Map([[9_000, 'wanted']]))
  expect(asked).toEqual([9_000, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
  await finder.find(flood.map((id) => id + 1_000))
  expect(asked).toHaveLength(11)
  expect(finder.whyUnknown(1_500)).toContain('was not asked for')
})

test('concurrent calls for one id share the result of one request', async () => {
  const schemas = new Map<number, string>()
  const { asked, finder } = registry(schemas)
  const both = [finder.find([3]), finder.find([3])]
  expect(await Promise.all(both)).toEqual([new Map(), new Map()])
  expect(asked).toEqual([3, 3])
})

test('a registry that fails is no verdict on any id', async () => {
  let fails = true
  const finder = createSchemaFinder(async (id) => {
    if (fails && id === 2) throw new Error('away')
    return undefined as string | undefined
  }, limits)
  await expect(finder.find([1, 2])).rejects.toThrow('away')
  expect(finder.whyUnknown(1)).toContain('was not asked for')
  fails = false
  expect(await finder.find([1, 2])).toEqual(new Map())
  expect(finder.whyUnknown(1)).toContain('knows no schema')
})
