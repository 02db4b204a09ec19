import { Problem } from '#infra/local/problem.ts'

/**
 * The ms UTC of an instant as people write it: `2026-10-25T02:00+02:00`, `2026-10-25T00:00Z`, or a day, which begins at
 * midnight UTC.
 * @throws Problem that says how to write it
 */
export function instantMs(option: string, text: string): number {
  try {
    if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return Temporal.Instant.from(`${text}T00:00Z`).epochMilliseconds
    return Temporal.Instant.from(text).epochMilliseconds
  } catch {
    throw new Problem(`${option} ${text} is no time: write 2026-10-25T02:00+02:00, 2026-10-25T00:00Z, or a day.`)
  }
}
