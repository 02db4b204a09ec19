import { expect, test } from 'vitest'
import type { TimeseriesSlice } from '#schemas/generated/records.ts'
import { createSliceBuffer } from './slice-buffer.ts'

const slice = (partition: number, offset: number, key = 'a', value = 1): TimeseriesSlice =>
  ({ key, start: 0, step: 60, values: [value], raw: { partition, offset } }) as TimeseriesSlice

test('slices are found by their raw record, the later of two that are the same', () => {
  const held = createSliceBuffer(10)
  for (const each of [slice(0, 1), slice(0, 1, 'b'), slice(1, 1, 'c'), slice(0, 1, 'a', 2)]) held.add(each)
  expect(held.get(0, 1)?.map(({ key, values }) => [key, ...values])).toEqual([
    ['a', 2],
    ['b', 1],
  ])
  expect([held.get(1, 1)?.length, held.get(0, 2)]).toEqual([1, []])
})

test('the oldest answers are dropped, and are reported as possibly missing', () => {
  const held = createSliceBuffer(2)
  for (const each of [slice(0, 5), slice(1, 1), slice(0, 6), slice(0, 6)]) held.add(each)
  expect([held.get(0, 4), held.get(0, 5), held.get(0, 6)?.length, held.get(0, 7)]).toEqual([
    undefined,
    undefined,
    1,
    [],
  ])
  expect([held.get(1, 1)?.length, held.get(1, 0)]).toEqual([1, []])
})

test('forget() makes room for new slices', () => {
  const held = createSliceBuffer(2)
  for (const each of [slice(0, 5), slice(1, 5)]) held.add(each)
  held.forget(0, 6)
  held.add(slice(0, 6))
  expect([held.get(0, 5), held.get(0, 6)?.length, held.get(1, 5)?.length]).toEqual([[], 1, 1])
})
