import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { pause } from '#platform/process/retry.ts'
import { UserError } from '#platform/process/user-error.ts'
import { diskIsFull } from './data-directory.ts'
import type { Exit } from './guarded-process.ts'

/**
 * Asks `check` again and again until it says yes: true. False when the program has ended, or the deadline has passed.
 * A check that throws says no.
 */
export async function untilReady(
  check: () => Promise<boolean>,
  exited: Promise<Exit>,
  deadlineMs: number,
): Promise<boolean> {
  const waiting = new AbortController()
  void exited.then(() => waiting.abort())
  const end = Date.now() + deadlineMs
  while (!waiting.signal.aborted && Date.now() < end) {
    if (await check().catch(() => false)) return true
    await pause(30, waiting.signal)
  }
  return false
}

/** Whether a GET of `url` is answered with 200 within a second. */
export const answersOk = async (url: string): Promise<boolean> =>
  (await fetch(url, { signal: AbortSignal.timeout(1000), redirect: 'manual' })).status === 200

/** @throws UserError always: the part did not come up, with the last thing that it said. */
export function failedStart(title: string, logFile: string): never {
  if (diskIsFull(dirname(logFile)))
    throw new UserError(`${title} did not start because the disk is full: make room and start again.`)
  throw new UserError(`${title} did not start; ${lastWords(logFile)}`)
}

/** Where a log is, and its end: some thirty lines at most. The end of a sentence. */
export function lastWords(logFile: string): string {
  let text = ''
  try {
    text = readFileSync(logFile, 'utf8').trimEnd()
  } catch {
    // Told as a log that says nothing.
  }
  if (text === '') return `its log ${logFile} says nothing.`
  return `its log is ${logFile} and ends with:\n${text.split('\n').slice(-30).join('\n').slice(-3000)}`
}
