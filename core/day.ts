import { UserError } from '#platform/process/user-error.ts'

/** Returns a day that a user wrote as YYYY-MM-DD for `option`. @throws UserError if it is not a day */
export function parseDay(option: string, text: string): string {
  try {
    if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return Temporal.PlainDate.from(text, { overflow: 'reject' }).toString()
  } catch {
    // The error is thrown below.
  }
  throw new UserError(`${option} ${text} is not a day: write it as YYYY-MM-DD, for example 2026-04-20.`)
}
