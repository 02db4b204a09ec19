import type { StackFile } from '#local/stack-file.ts'
import { errorKind } from '#platform/clickhouse/errors.ts'
import { RefusedSend } from '#platform/kafka/send-errors.ts'
import { UserError } from '#platform/process/user-error.ts'
import { dataOptionFor } from './directories.ts'

/** Runs `work`. @throws UserError if a part of the stack does not answer; other errors of `work` as they are */
export async function withParts<Result>(stack: StackFile, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof UserError || error instanceof RefusedSend || errorKind(error) !== 'retry') throw error
    const status = `\`npx tidemark status${dataOptionFor(stack)}\``
    throw new UserError(
      `A part of the stack did not answer (${(error as Error).message}): ${status} shows which. When it is back, do this again.`,
    )
  }
}
