import type { StackFile } from '#local/stack-file.ts'
import { pause } from '#platform/process/retry.ts'
import { UserError } from '#platform/process/user-error.ts'
import { dataOptionFor, findStack } from './directories.ts'

const lookEveryMs = 500

/**
 * Runs `work`. If the stack is down for `patienceMs`, aborts the signal that `work` got.
 * @throws UserError if the stack has stopped; other errors of `work` unchanged while the stack runs
 */
export async function abortWhenStackStops<Result>(
  stack: StackFile,
  patienceMs: number,
  work: (gone: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const gone = new AbortController()
  const done = new AbortController()
  const problem = new UserError(
    `The stack in ${stack.dataDir} has ended: start it with \`npx tidemark up${dataOptionFor(stack)}\`, then do this again.`,
  )
  const watch = async (): Promise<void> => {
    for (let seenAt = performance.now(); !done.signal.aborted; await pause(lookEveryMs, done.signal)) {
      if (runs(stack)) seenAt = performance.now()
      else if (performance.now() - seenAt >= patienceMs) return gone.abort(problem)
    }
  }
  const ended = new Promise<never>((_, reject) => gone.signal.addEventListener('abort', () => reject(problem)))
  const watching = watch()
  try {
    return await Promise.race([work(gone.signal), ended])
  } catch (error) {
    throw error instanceof UserError || runs(stack) ? error : problem
  } finally {
    done.abort()
    await watching
  }
}

/** True: the stack runs. A stack that was restarted at the same address counts as the same stack. */
const runs = ({ dataDir, endpoints }: StackFile): boolean => findStack(dataDir)?.endpoints.kafka === endpoints.kafka
