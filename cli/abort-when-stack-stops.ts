import type { StackFile } from '#local/stack-file.ts'
import { pause } from '#platform/process/retry.ts'
import { UserError } from '#platform/process/user-error.ts'
import { dataOptionFor, findStack } from './directories.ts'

const lookEveryMs = 500

/**
 * Does something with a running stack that would wait for ever without it. `gone` aborts, and the promise rejects, when
 * no stack has run in its directory at its address for `patienceMs`: one that is only started again is waited for.
 * @throws UserError then, and instead of what `work` throws because the stack is not there; else what `work` throws.
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

/** Also when it was stopped and started again meanwhile, at the same address. */
const runs = ({ dataDir, endpoints }: StackFile): boolean => findStack(dataDir)?.endpoints.kafka === endpoints.kafka
