import type { Contents } from './contents.ts'

/** One row of an answer as text, and the start of its hour (ms). */
export type AnswerRow = { readonly hourMs: number; readonly text: string }

/**
 * The rows of one publication as upstream prints them: `id`, `dateTimeUtc` to the second with Z, then one key a border
 * with ten decimals. Ids run on from `firstId`. Shape: recorded answer of 2026-04-20.
 */
export function answerRows({ hoursMs, borders, values }: Contents, firstId: number): AnswerRow[] {
  const names = borders.map(({ key }) => `,${JSON.stringify(key)}:`)
  return hoursMs.map((hourMs, hour) => {
    const row = values[hour] ?? []
    let text = `{"id":${firstId + hour},"dateTimeUtc":"${secondsText(hourMs)}"`
    for (let column = 0; column < names.length; column++) text += names[column] + numberText(row[column] ?? null)
    return { hourMs, text: `${text}}` }
  })
}

/** The bytes of a whole answer: one line, no BOM. No rows is what upstream says of a day that is not out yet. */
export function answerBody(rows: readonly AnswerRow[]): Buffer {
  return Buffer.from(`{"data":[${rows.map(({ text }) => text).join(',')}],"rejected":false,"messages":null}`)
}

/** An instant as upstream prints it: `2026-04-20T00:00:00Z`. */
export function secondsText(instantMs: number): string {
  return `${new Date(instantMs).toISOString().slice(0, 19)}Z`
}

function numberText(value: number | null): string {
  if (value === null) return 'null'
  return Number.isInteger(value) ? `${value}.0000000000` : value.toFixed(10)
}
