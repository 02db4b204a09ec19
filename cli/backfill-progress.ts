import { Presets, SingleBar } from 'cli-progress'

/** The host's budget as the poller tells it. */
export interface Budget {
  sentLastMinute: number
  perMinute: number
  pausedForMs: number
}

/** Shows how far a backfill is. */
export interface Progress {
  show: (done: number, budget: Budget | undefined) => void
  stop: () => void
}

const lineEveryMs = 5_000

/** A bar on a terminal, a line every few seconds elsewhere; on `stream`, which is not where results go. */
export function createProgress(total: number, stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? bar(total, stream) : lines(total, stream)
}

function bar(total: number, stream: NodeJS.WriteStream): Progress {
  const single = new SingleBar(
    {
      stream,
      format: ' {bar} {value}/{total} windows | {budget} | ETA {eta_formatted}',
      hideCursor: false,
    },
    Presets.shades_classic,
  )
  single.start(total, 0, { budget: budgetText(undefined) })
  return {
    show: (done, budget) => single.update(done, { budget: budgetText(budget) }),
    stop: () => single.stop(),
  }
}

function lines(total: number, stream: NodeJS.WriteStream): Progress {
  const startedMs = performance.now()
  let shownMs = startedMs
  let shown = 0
  return {
    show(done, budget) {
      const nowMs = performance.now()
      if (done === shown || (done < total && nowMs - shownMs < lineEveryMs)) return
      shown = done
      shownMs = nowMs
      const eta = done < total ? `, about ${etaText(((nowMs - startedMs) / done) * (total - done))} left` : ''
      stream.write(`${done} of ${total} windows, ${budgetText(budget)}${eta}\n`)
    },
    stop: () => {},
  }
}

function budgetText(budget: Budget | undefined): string {
  if (budget === undefined) return 'budget not known'
  const paused = budget.pausedForMs > 0 ? `, upstream asks to wait ${etaText(budget.pausedForMs)}` : ''
  return `${budget.sentLastMinute} of ${budget.perMinute} requests a minute${paused}`
}

function etaText(ms: number): string {
  const seconds = Math.ceil(ms / 1_000)
  return seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`
}
