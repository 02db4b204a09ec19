import type { Contents } from './contents.ts'
import { type JaoDataset, maxExchanges } from './dataset.ts'

/** One row of an answer as text, and the start of its period (ms). */
export type AnswerRow = { readonly hourMs: number; readonly text: string }

type Form = Pick<JaoDataset, 'decimals' | 'lastModifiedOn'>

/**
 * The rows of one publication as upstream prints them: `id`, `dateTimeUtc` to the second with Z, `lastModifiedOn` where
 * the dataset has it, then one key a column. Ids run on from `firstId`. Shape: recorded answers of April 2026.
 *
 * @param publishedAtMs what `lastModifiedOn` is of: the batch is written within the second before
 */
export function answerRows(
  { hoursMs, columns, values }: Contents,
  firstId: number,
  { decimals, lastModifiedOn }: Form = maxExchanges,
  publishedAtMs = 0,
): AnswerRow[] {
  const names = columns.map(({ key }) => `,${JSON.stringify(key)}:`)
  return hoursMs.map((hourMs, at) => {
    const row = values[at] ?? []
    let text = `{"id":${firstId + at},"dateTimeUtc":"${secondsText(hourMs)}"`
    if (lastModifiedOn) text += `,"lastModifiedOn":"${stampText(writtenMs(publishedAtMs, at))}"`
    for (let column = 0; column < names.length; column++)
      text += names[column] + numberText(row[column] ?? null, decimals)
    return { hourMs, text: `${text}}` }
  })
}

/** The bytes of a whole answer: one line, no BOM. No rows is what upstream says of a day that is not out yet. */
export function answerBody(rows: readonly AnswerRow[], totalRows = false): Buffer {
  const text = rows.map((row) => row.text).join(',')
  return Buffer.from(`{"data":[${text}${envelopeEnd(totalRows ? rows.length : undefined)}`)
}

/** What follows the last row; datasets that count their rows do it at the end. */
export function envelopeEnd(totalRows?: number): string {
  const counts = totalRows === undefined ? '' : `,"totalRows":${totalRows},"totalRowsWithFilter":${totalRows}`
  return `],"rejected":false,"messages":null${counts}}`
}

/** An instant as upstream prints it: `2026-04-20T00:00:00Z`. */
export function secondsText(instantMs: number): string {
  return `${new Date(instantMs).toISOString().slice(0, 19)}Z`
}

/** An instant as upstream prints it in `lastModifiedOn`: UTC without Z, no zeros at the end of the fraction. */
export function stampText(instantMs: number): string {
  return new Date(instantMs)
    .toISOString()
    .slice(0, 23)
    .replace(/\.?0+$/, '')
}

/** A batch is written row by row, about five rows in 16 ms, within the second before it is published. */
export function writtenMs(publishedAtMs: number, row: number): number {
  const beginsMs = publishedAtMs - 999 + ((publishedAtMs / 1_000) % 500)
  return Math.floor(Math.min(publishedAtMs - 1, beginsMs + Math.floor(row / 5) * 16))
}

function numberText(value: number | null, decimals: number): string {
  if (value === null) return 'null'
  return decimals === 10 && Number.isInteger(value) ? `${value}.0000000000` : value.toFixed(decimals)
}
