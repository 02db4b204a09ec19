import type { StackFile } from '#local/stack-file.ts'
import { errorKind } from '#platform/clickhouse/errors.ts'
import { RefusedSend } from '#platform/kafka/send-errors.ts'
import { Problem } from '#platform/process/problem.ts'
import { dataOptionFor } from './directories.ts'

/**
 * Does something that needs all parts of a stack.
 * @throws Problem instead of what a store says that does not answer; else what `work` throws
 */
export async function withParts<Result>(stack: StackFile, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Problem || error instanceof RefusedSend || errorKind(error) !== 'retry') throw error
    const status = `\`npx tidemark status${dataOptionFor(stack)}\``
    throw new Problem(
      `A part of the stack did not answer (${(error as Error).message}): ${status} shows which. When it is back, do this again.`,
    )
  }
}
