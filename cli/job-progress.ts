import { Presets, SingleBar } from 'cli-progress'

/** Shows how far a job is. */
export interface JobProgress {
  show: (done: number, total: number) => void
  /** Says what the job does now; of that no length is known. */
  say: (text: string) => void
  stop: () => void
}

const lineEveryMs = 5_000

/** A bar on a terminal, a line every few seconds elsewhere; on `stream`, which is not where results go. */
export function jobProgress(unit: string, stream: NodeJS.WriteStream): JobProgress {
  return stream.isTTY ? bar(unit, stream) : lines(unit, stream)
}

function bar(unit: string, stream: NodeJS.WriteStream): JobProgress {
  const single = new SingleBar(
    { stream, format: ` {bar} {value}/{total} ${unit} | {eta_formatted} left`, hideCursor: false },
    Presets.shades_classic,
  )
  let started = false
  const stop = (): void => {
    if (started) single.stop()
    started = false
  }
  return {
    show: (done, total) => {
      if (!started) single.start(total, done)
      started = true
      single.update(done)
    },
    say: (text) => {
      stop()
      stream.write(`${text}\n`)
    },
    stop,
  }
}

function lines(unit: string, stream: NodeJS.WriteStream): JobProgress {
  let shownMs = performance.now()
  return {
    show: (done, total) => {
      if (done < total && performance.now() - shownMs < lineEveryMs) return
      shownMs = performance.now()
      stream.write(`${done} of ${total} ${unit}\n`)
    },
    say: (text) => stream.write(`${text}\n`),
    stop: () => undefined,
  }
}
