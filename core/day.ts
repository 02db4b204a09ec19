import { UserError } from '#platform/process/user-error.ts'

/** A day as a user wrote it for an option. @throws UserError when it is none. */
export function day(option: string, text: string): string {
  try {
    if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return Temporal.PlainDate.from(text, { overflow: 'reject' }).toString()
  } catch {
    // Said below, like every other text that is no day.
  }
  throw new UserError(`${option} ${text} is no day: write it as YYYY-MM-DD, for example 2026-04-20.`)
}
