import type { StackFile } from '#local/stack-file.ts'
import { UserError } from '#platform/process/user-error.ts'

export const noCounts =
  'What is there (points, newest, readers) is counted where a stack runs: start one with `npx tidemark up`.'

/** Calls `ask` and returns its result; null if no stack runs, or if a part of the stack does not answer. */
export async function askIfRunning<T>(
  stack: StackFile | undefined,
  ask: (stack: StackFile) => Promise<T>,
): Promise<T | null> {
  if (stack === undefined) return null
  return ask(stack).catch((error: Error) => {
    if (!(error instanceof UserError || error.name.startsWith('KafkaJS'))) throw error
    process.stderr.write(`${error.message}\n`)
    return null
  })
}
