import { Presets, SingleBar } from 'cli-progress'
import type { BackfillProgress } from '#operations/backfill/poll-all.ts'
import type { HostBudget } from '#operations/poller/status.ts'
import { printable } from '#platform/process/printable.ts'

export interface Progress {
  show: (reached: BackfillProgress) => void
  stop: () => void
}

const lineEveryMs = 5_000

/** Shows progress: as a bar on a terminal, otherwise as a line every few seconds. */
export function createProgress(total: number, stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? bar(total, stream) : lines(total, stream)
}

function bar(total: number, stream: NodeJS.WriteStream): Progress {
  const startedMs = performance.now()
  const format = ' {bar} {value}/{total} windows | {state}'
  const single = new SingleBar({ stream, format, hideCursor: false }, Presets.shades_classic)
  single.start(total, 0, { state: 'asking' })
  return {
    show: (reached) =>
      single.update(reached.done, { state: stateOf(total, reached, performance.now() - startedMs).join(' | ') }),
    stop: () => single.stop(),
  }
}

function lines(total: number, stream: NodeJS.WriteStream): Progress {
  const startedMs = performance.now()
  let shownMs = startedMs
  let shown = ''
  return {
    show(reached) {
      const nowMs = performance.now()
      const { done, budget, ahead, failing } = reached
      const news = JSON.stringify([done, budget?.pausedUntil?.slice(0, 19), budget === undefined, ahead, failing])
      if (news === shown || (done < total && nowMs - shownMs < lineEveryMs)) return
      shown = news
      shownMs = nowMs
      stream.write(`${done} of ${total} windows, ${stateOf(total, reached, nowMs - startedMs).join(', ')}\n`)
    },
    stop: () => {},
  }
}

/** Returns the texts that follow the number of windows in the status line. Pure. */
export function stateOf(
  total: number,
  { done, budget, ahead, failing }: BackfillProgress,
  elapsedMs: number,
): string[] {
  return [
    budgetText(budget),
    ...(ahead > 0 && done < total ? [`up to ${ahead === 1 ? '1 window' : `${ahead} windows`} ahead`] : []),
    ...(failing === undefined || failing === budget?.unreachable?.reason || done === total
      ? []
      : [`failing: ${printable(failing)}, trying again`]),
    // During a pause, the speed so far says nothing about the remaining time.
    ...(budget?.pausedUntil ? [] : [`${leftText(total, done, ahead, budget, elapsedMs)} left`]),
  ]
}

/**
 * Estimates the remaining time from the speed so far. Before the first window is done, assumes that the host gets its
 * full request budget, if other windows are ahead.
 */
function leftText(
  total: number,
  done: number,
  ahead: number,
  budget: HostBudget | undefined,
  elapsedMs: number,
): string {
  if (done === total) return 'nothing'
  if (done > 0) return durationText((elapsedMs / done) * (total - done))
  return budget && ahead > 0 ? `about ${durationText(((ahead + total) / budget.perMinute) * 60_000)}` : 'some time'
}

function budgetText(budget: HostBudget | undefined): string {
  if (budget === undefined) return 'the poller does not answer'
  const { host, pausedUntil, pauseReason, unreachable } = budget
  const spent = `${budget.sentLastMinute} of ${budget.perMinute} requests a minute`
  if (pausedUntil !== null) {
    const why = printable(pauseReason ?? 'not stated')
    return `waiting until ${pausedUntil}, as ${host} asked (${why}); \`npx tidemark resume ${host}\` asks again at once`
  }
  if (unreachable === null) return spent
  return `waiting for a host that does not answer since ${unreachable.since}: ${printable(unreachable.reason)}`
}

function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1_000)
  return seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`
}
