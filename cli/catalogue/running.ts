import type { StackFile } from '#infra/local/stack-file.ts'

/** Said where only declarations are shown. */
export const noCounts = 'What is there (points, newest, readers) is counted where a stack runs: start one with `npx tidemark up`.'

/** Asks a stack, if one runs; null where none does. */
export const askIfRunning = async <T>(
  stack: StackFile | undefined,
  ask: (stack: StackFile) => Promise<T>,
): Promise<T | null> => (stack === undefined ? null : ask(stack))
