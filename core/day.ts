import { UserError } from '#platform/process/user-error.ts'

/** Validates a day (YYYY-MM-DD) that a user gave for the command line option `option`. @throws UserError */
export function parseDay(option: string, text: string): string {
  try {
    if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return Temporal.PlainDate.from(text, { overflow: 'reject' }).toString()
  } catch {
    // The error is thrown below.
  }
  throw new UserError(`${option} ${text} is not a day: write it as YYYY-MM-DD, for example 2026-04-20.`)
}
