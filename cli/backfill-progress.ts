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
  const eta = createEta(total)
  const single = new SingleBar(
    { stream, format: ' {bar} {value}/{total} windows | {budget} | {left} left', hideCursor: false },
    Presets.shades_classic,
  )
  const payload = (done: number, budget?: Budget) => ({ budget: budgetText(budget), left: eta(done) })
  single.start(total, 0, { budget: 'asking', left: eta(0) })
  return {
    show: (done, budget) => single.update(done, payload(done, budget)),
    stop: () => single.stop(),
  }
}

function lines(total: number, stream: NodeJS.WriteStream): Progress {
  const eta = createEta(total)
  let shownMs = performance.now()
  let shown = 0
  return {
    show(done, budget) {
      const nowMs = performance.now()
      if (done === shown || (done < total && nowMs - shownMs < lineEveryMs)) return
      shown = done
      shownMs = nowMs
      stream.write(`${done} of ${total} windows, ${budgetText(budget)}, ${eta(done)} left\n`)
    },
    stop: () => {},
  }
}

/** How long the rest takes when it goes on as it went so far. */
function createEta(total: number): (done: number) => string {
  const startedMs = performance.now()
  return (done) => {
    if (done === total) return 'nothing'
    return done === 0 ? 'some time' : durationText(((performance.now() - startedMs) / done) * (total - done))
  }
}

function budgetText(budget: Budget | undefined): string {
  if (budget === undefined) return 'the poller does not answer'
  const paused = budget.pausedForMs > 0 ? `, upstream asks to wait ${durationText(budget.pausedForMs)}` : ''
  return `${budget.sentLastMinute} of ${budget.perMinute} requests a minute${paused}`
}

function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1_000)
  return seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`
}
