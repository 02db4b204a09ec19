// Answers of JAO's maxExchanges: days of the simulator, and altered days that upstream might send.

import { businessDay } from '#core/business-day.ts'
import { createUpstream } from '#simulator/jao/upstream.ts'
import type { Window } from '#sources/source.ts'
import type { NamedAnswer } from './answers.ts'

type Row = Record<string, unknown> & { dateTimeUtc: string }

const atMs = Date.parse('2026-11-20T12:00:00Z')
const minuteMs = 60_000
const plain = '2026-04-21'

export function simulatedJaoAnswers(): NamedAnswer[] {
  const good = { ...simulatedDays(), ...alteredDays() }
  const refused = refusedAnswers()
  return Object.entries({ ...good, ...refused }).map(([name, { day, body }]) => ({
    dataset: 'jao.core.maxExchanges',
    name,
    answer: { body, status: 200, window: windowOf(day) },
  }))
}

interface DayAnswer {
  day: string
  body: Buffer
}

const windowOf = (day: string): Window => businessDay('Europe/Brussels', day).window

function simulatedDays(): Record<string, DayAnswer> {
  const of = (day: string): DayAnswer => ({ day, body: publish(day) })
  const hourMs = windowOf(plain).startMs + 5 * 60 * minuteMs
  const [key, newKey] = ['border_BE_FR', 'border_XX_New_VH']
  const after = (what: Parameters<typeof publish>[1]): DayAnswer => ({ day: plain, body: publish(plain, what) })
  return {
    'a day of 24 hours': of(plain),
    'a day of 23 hours': of('2026-03-29'),
    'a day of 25 hours': of('2025-10-26'),
    'the first day': of('2022-06-09'),
    'the last day before the virtual hubs': of('2026-06-10'),
    'the first day of the virtual hubs': of('2026-06-11'),
    'a day that is not out yet': of('2026-12-24'),
    'a revised day': after({ verb: 'revise', salt: 1 }),
    'a value taken back': after({ verb: 'revise', hourMs, key, value: null, salt: 2 }),
    'an implausible value': after({ verb: 'revise', hourMs, key, value: 25_001, salt: 3 }),
    'a negative value': after({ verb: 'revise', hourMs, key, value: -1, salt: 4 }),
    'an hour missing': after({ verb: 'vanishHour', hourMs }),
    'a key missing': after({ verb: 'vanishKey', key }),
    'a key more': after({ verb: 'addKey', key: newKey }),
  }
}

type What = Parameters<ReturnType<typeof createUpstream>['command']>[0]['what']

function publish(day: string, what?: What): Buffer {
  const upstream = createUpstream(5)
  if (what) upstream.command({ day, atMs, what })
  const { startMs, endMs } = windowOf(day)
  return upstream.body(startMs, endMs, atMs)
}

/** Unusual days that explode accepts. */
function alteredDays(): Record<string, DayAnswer> {
  const rows = plainRows()
  const [first = rows[0] as Row] = rows
  return {
    'quarter hours': ofRows(rows.flatMap((row) => [0, 15, 30, 45].map((minutes) => later(row, minutes)))),
    'doubled rows': ofRows([...rows, ...rows.map((row) => ({ ...row, id: 1 }))]),
    'a row at the end of the window': ofRows([...rows, later(first, 24 * 60)]),
    'columns that are no series': ofRows(rows.map((row) => ({ ...row, hub_AT: 1, lastModifiedOn: 'x' }))),
    'rows in another order': ofRows(rows.toReversed()),
    'a key that comes later': ofRows(rows.map((row, hour) => (hour < 12 ? row : { ...row, border_XX_YY: hour }))),
    'rows before their values': { day: plain, body: json({ data: rows.map(nulled) }) },
    'neither rejected nor messages': { day: plain, body: json({ data: rows }) },
  }
}

function refusedAnswers(): Record<string, DayAnswer> {
  const rows = plainRows()
  const [first = rows[0] as Row] = rows
  const refused = (body: Buffer): DayAnswer => ({ day: plain, body })
  return {
    'refused: a page for people': refused(Buffer.from('<html>maintenance</html>')),
    'refused: cut off': refused(publish(plain).subarray(0, 5_000)),
    'refused: nothing': refused(Buffer.alloc(0)),
    'refused: no UTF-8': refused(Buffer.from([0x7b, 0xff, 0xfe, 0x7d])),
    'refused: rejected by upstream': refused(json({ data: [], rejected: true, messages: ['no'] })),
    'refused: no data': refused(json({ rejected: false })),
    'refused: renamed columns': ofRows(
      rows.map(({ border_AT_BE, id, dateTimeUtc }) => ({ id, dateTimeUtc, Border_AT_BE: border_AT_BE })),
    ),
    'refused: rows that are none': refused(json({ data: [1, 2] })),
    'refused: the same key twice': refused(
      Buffer.from(publish(plain).toString().replace('"dateTimeUtc"', '"border_AT_BE":7,"dateTimeUtc"')),
    ),
    'refused: a text for a number': ofRows([{ ...first, border_AT_BE: '100' }]),
    'refused: a local time': ofRows([{ ...first, dateTimeUtc: '2026-04-21T00:00:00+02:00' }]),
    'refused: another day': { day: '2026-04-22', body: publish(plain) },
    'refused: two rows that differ': ofRows([...rows, { ...first, border_AT_BE: -5 }]),
    'refused: two steps mixed': ofRows([...rows, later(first, 15), later(first, 30)]),
    'refused: every other hour': ofRows(rows.filter((_, hour) => hour % 2 === 0)),
    'refused: too many keys': ofRows([
      { ...first, ...Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`border_A_${index}`, 1])) },
    ]),
  }
}

const plainRows = (): Row[] => (JSON.parse(publish(plain).toString()) as { data: Row[] }).data

const json = (content: unknown): Buffer => Buffer.from(JSON.stringify(content))

const ofRows = (data: Row[]): DayAnswer => ({ day: plain, body: json({ data, rejected: false, messages: null }) })

const nulled = (row: Row): Row => ({
  ...Object.fromEntries(Object.keys(row).map((column) => [column, null])),
  dateTimeUtc: row.dateTimeUtc,
})

const later = (row: Row, minutes: number): Row => ({
  ...row,
  dateTimeUtc: new Date(Date.parse(row.dateTimeUtc) + minutes * minuteMs).toISOString(),
})
