import type { StackFile } from '#local/stack-file.ts'
import type { LetterProgress } from '#operations/dead-letters/read-letters.ts'
import type { ResolutionAuthor } from '#operations/dead-letters/send-back.ts'
import { whoAmI } from '#platform/process/who.ts'
import { abortWhenStackStops } from '../abort-when-stack-stops.ts'
import { findRunningStack } from '../directories.ts'
import { connectTo, type StackClients } from '../stack-clients.ts'
import { stackNowMs } from '../stack-now.ts'
import { type StepProgress, stepProgress } from '../step-progress.ts'

/** Timeout after which dlq commands give up when the stack is gone, ms. A restart of the stack takes less. */
const goneAfterMs = 10_000

interface RunningStack {
  clients: StackClients
  stack: StackFile
  onProgress: (progress: LetterProgress) => void
}

/** Runs `work` with clients of the running stack. @throws UserError if no stack runs, or if the stack stops */
export async function withStack<Result>(
  data: string | undefined,
  work: (running: RunningStack) => Promise<Result>,
): Promise<Result> {
  const stack = findRunningStack(data)
  const clients = connectTo(stack, 'dlq')
  const bar = stepProgress(process.stderr)
  try {
    return await abortWhenStackStops(stack, goneAfterMs, () =>
      work({ clients, stack, onProgress: (progress) => show(bar, progress) }),
    )
  } finally {
    bar.stop()
    await clients.store.close()
  }
}

/** Returns who decides on dead letters of a stack, and by which clock. */
export const authorOf = (stack: StackFile, why: string): ResolutionAuthor => ({
  by: whoAmI(),
  why,
  nowMs: () => stackNowMs(stack),
})

function show(bar: StepProgress, progress: LetterProgress): void {
  if (progress.step === 'waiting') bar.say(progress.message)
  else if (progress.step === 'reading') bar.show(`records of ${progress.topic} read`, progress.done, progress.total)
  else bar.show(progress.step === 'trying' ? 'letters tried' : 'letters', progress.done, progress.total)
}
