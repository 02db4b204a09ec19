import { expect, test } from 'vitest'
import { instantMs, parseModifiedMs, utcMs } from './times.ts'

const offsetsOfUtc = ['Z', 'z', '+00:00', '-00:00', '+0000', '-0000', '+00', '-00']

test.each(offsetsOfUtc)('behind a time %s is UTC', (offset) => {
  expect(utcMs(`2026-04-20T22:00:00${offset}`)).toBe(Date.UTC(2026, 3, 20, 22))
  expect(utcMs(`2026-04-20t22:00:00.0000000${offset}`)).toBe(Date.UTC(2026, 3, 20, 22))
  expect(parseModifiedMs(`2026-04-20T22:00:00.43${offset}`)).toBe(Date.UTC(2026, 3, 20, 22, 0, 0, 430))
  expect(instantMs(`2026-04-20T22:00:00.1239${offset}`)).toBe(Date.UTC(2026, 3, 20, 22, 0, 0, 123))
})

test('another offset is refused in a UTC time, and applied in an instant', () => {
  for (const [offset, hour] of [
    ['+02:00', 20],
    ['-0200', 24],
    ['+02', 20],
    ['+23:30', -1.5],
    ['-00:30', 22.5],
  ] as const) {
    const text = `2026-04-20T22:00:00${offset}`
    expect([utcMs(text), parseModifiedMs(text)]).toEqual([undefined, undefined])
    expect(instantMs(text), text).toBe(Date.UTC(2026, 3, 20) + hour * 3_600_000)
  }
})

test('invalid times give undefined, also impossible dates and offsets', () => {
  for (const time of [
    '2026-02-30T00:00:00',
    '2026-04-20T24:00:00',
    '2026-04-20T22:00:60',
    '2026-04-20 22:00:00',
    '2026-04-20T22:00',
    '2026-04-20T22:00:00.',
    '',
  ]) {
    for (const offset of [...offsetsOfUtc, '+02:00']) {
      expect([utcMs(time + offset), parseModifiedMs(time + offset), instantMs(time + offset)], time).toEqual([
        undefined,
        undefined,
        undefined,
      ])
    }
  }
  for (const offset of ['+24:00', '+00:60', '+0', '+000', '+00:00:00', ' +00:00', '+00:00Z', '\u221200:00', 'UTC']) {
    const text = `2026-04-20T22:00:00${offset}`
    expect([utcMs(text), parseModifiedMs(text), instantMs(text)], text).toEqual([undefined, undefined, undefined])
  }
  expect(utcMs('2026-04-20T22:00:00.5Z')).toBeUndefined()
})

test('a time exists if its day is one of the month, and its clock one of a day', () => {
  const daysIn = (year: number, month: number): number =>
    month === 2 ? (year % 4 === 0 ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31
  const two = (number: number): string => `${number}`.padStart(2, '0')
  for (const year of [1996, 2026]) {
    for (let month = 0; month < 100; month++) {
      for (let day = 0; day < 100; day++) {
        const exists = month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
        const text = `${year}-${two(month)}-${two(day)}T22:00:00Z`
        expect(utcMs(text), text).toBe(exists ? Date.UTC(year, month - 1, day, 22) : undefined)
      }
    }
  }
  for (const [hours, minutes, seconds] of allClocks()) {
    const text = `2026-04-20T${two(hours)}:${two(minutes)}:${two(seconds)}Z`
    const exists = hours < 24 && minutes < 60 && seconds < 60
    if (utcMs(text) !== (exists ? Date.UTC(2026, 3, 20, hours, minutes, seconds) : undefined)) throw new Error(text)
  }
})

function* allClocks(): Generator<[hours: number, minutes: number, seconds: number]> {
  const odd = [...Array.from({ length: 5 }, (_, index) => 57 + index), 0, 30, 99]
  for (let hours = 0; hours < 100; hours++)
    for (const minutes of odd) for (const seconds of odd) yield [hours, minutes, seconds]
}

test('without an offset only a modification is UTC', () => {
  const text = '2026-04-20T22:00:00'
  expect([utcMs(text), parseModifiedMs(text), instantMs(text)]).toEqual([
    undefined,
    Date.UTC(2026, 3, 20, 22),
    undefined,
  ])
})
