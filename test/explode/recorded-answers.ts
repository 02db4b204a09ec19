import { businessDay } from '#core/business-day.ts'
import type { Window } from '#sources/source.ts'
import { readRecording } from '../support/recorded-jao.ts'
import type { NamedAnswer } from './answers.ts'

const dataset = 'jao.core.maxExchanges'
const whole = 'recorded 2026-04-20 and 21'
// The recording contains all of the second day, and some hours of the other two days.
const days = ['2026-04-20', '2026-04-21', '2026-04-22'].map((day) => ({ day, name: `recorded rows of ${day}` }))

/** Returns the whole recording, and each business day of it. `absent` are their names if there is no recording. */
export function recordedAnswers(): { answers: NamedAnswer[]; absent: string[] } {
  const recording = readRecording()
  if (recording === undefined) return { answers: [], absent: [whole, ...days.map(({ name }) => name)] }
  const { body, rows, fromMs, toMs } = recording
  const named = (name: string, window: Window, bytes: Buffer): NamedAnswer => ({
    dataset,
    name,
    answer: { body: bytes, status: 200, window },
  })
  const cut = days.map(({ day, name }) => {
    const { window } = businessDay('Europe/Brussels', day)
    const texts = rows.filter(({ hourMs }) => hourMs >= window.startMs && hourMs < window.endMs).map(({ text }) => text)
    return named(name, window, Buffer.from(`{"data":[${texts.join(',')}],"rejected":false,"messages":null}`))
  })
  return { answers: [named(whole, { startMs: fromMs, endMs: toMs }, body), ...cut], absent: [] }
}
