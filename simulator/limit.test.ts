import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLimit } from './limit.ts'

test('three a minute: the fourth waits until the first is a minute old', () => {
  const limit = createLimit(3)
  for (const atMs of [0, 10_000, 20_000]) expect(limit.admit(atMs)).toEqual({ admitted: true })
  expect(limit.admit(30_000)).toEqual({ admitted: false, waitMs: 30_000 })
  expect(limit.admit(59_999)).toEqual({ admitted: false, waitMs: 1 })
  expect(limit.admit(60_000)).toEqual({ admitted: true })
  expect(limit.admit(60_001)).toEqual({ admitted: false, waitMs: 9_999 })
  expect([limit.violations(), limit.busiestMinute()]).toEqual([3, 6])
})

test('no sliding minute admits more than the limit, and none that has room refuses', () => {
  const gaps = fc.array(fc.nat(30_000), { maxLength: 200 })
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 10 }), (given, perMinute) => {
      const limit = createLimit(perMinute)
      const admitted: number[] = []
      let atMs = 0
      for (const gap of given) {
        atMs += gap
        const recent = admitted.filter((earlier) => earlier > atMs - 60_000).length
        expect(limit.admit(atMs).admitted).toBe(recent < perMinute)
        if (recent < perMinute) admitted.push(atMs)
      }
    }),
  )
})
