import type { Contents } from './contents.ts'
import { type JaoDataset, maxExchanges } from './dataset.ts'

export type AnswerRow = { readonly hourMs: number; readonly text: string }

type Form = Pick<JaoDataset, 'decimals' | 'lastModifiedOn'>

/** Prints rows like the recorded answers of April 2026. The first row has the id `firstId`, each next row one more. */
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

export function answerBody(rows: readonly AnswerRow[], totalRows = false): Buffer {
  const text = rows.map((row) => row.text).join(',')
  return Buffer.from(`{"data":[${text}${envelopeEnd(totalRows ? rows.length : undefined)}`)
}

export function envelopeEnd(totalRows?: number): string {
  const counts = totalRows === undefined ? '' : `,"totalRows":${totalRows},"totalRowsWithFilter":${totalRows}`
  return `],"rejected":false,"messages":null${counts}}`
}

/** Formats an instant like upstream: 2026-04-20T00:00:00Z. */
export function secondsText(instantMs: number): string {
  return `${new Date(instantMs).toISOString().slice(0, 19)}Z`
}

/** Formats `lastModifiedOn`: UTC without Z, and without trailing zeros of the fraction. */
export function stampText(instantMs: number): string {
  return new Date(instantMs)
    .toISOString()
    .slice(0, 23)
    .replace(/\.?0+$/, '')
}

/** Returns when a row was written, ms UTC: within the second before its publication, about five rows per 16 ms. */
export function writtenMs(publishedAtMs: number, row: number): number {
  const beginsMs = publishedAtMs - 999 + ((publishedAtMs / 1_000) % 500)
  return Math.floor(Math.min(publishedAtMs - 1, beginsMs + Math.floor(row / 5) * 16))
}

function numberText(value: number | null, decimals: number): string {
  if (value === null) return 'null'
  return decimals === 10 && Number.isInteger(value) ? `${value}.0000000000` : value.toFixed(decimals)
}
