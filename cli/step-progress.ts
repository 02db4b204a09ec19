import { Presets, SingleBar } from 'cli-progress'

/** Shows how far a command's steps are. */
export interface StepProgress {
  show: (step: string, done: number, of: number) => void
  stop: () => void
}

const lineEveryMs = 5_000

/** A bar a step on a terminal, a line every few seconds elsewhere; on `stream`, which is not where results go. */
export function stepProgress(stream: NodeJS.WriteStream): StepProgress {
  return stream.isTTY ? bars(stream) : lines(stream)
}

function bars(stream: NodeJS.WriteStream): StepProgress {
  const format = ' {step} {bar} {value}/{total}'
  const bar = new SingleBar({ stream, format, hideCursor: false }, Presets.shades_classic)
  let current: string | undefined
  return {
    show: (step, done, of) => {
      if (step !== current) {
        bar.stop()
        bar.start(of, done, { step })
        current = step
      } else bar.update(done)
    },
    stop: () => bar.stop(),
  }
}

function lines(stream: NodeJS.WriteStream): StepProgress {
  let shownMs = performance.now()
  return {
    show: (step, done, of) => {
      const nowMs = performance.now()
      if (nowMs - shownMs < lineEveryMs) return
      shownMs = nowMs
      stream.write(`${step}: ${done} of ${of}\n`)
    },
    stop: () => {},
  }
}
