import { Presets, SingleBar } from 'cli-progress'

export interface StepProgress {
  show: (step: string, done: number, of: number) => void
  say: (text: string) => void
  stop: () => void
}

const lineEveryMs = 5_000

/** Shows progress: as a bar on a terminal, otherwise as a line every 5 s. */
export function stepProgress(stream: NodeJS.WriteStream): StepProgress {
  return stream.isTTY ? bars(stream) : lines(stream)
}

function bars(stream: NodeJS.WriteStream): StepProgress {
  const format = ' {step} {bar} {value}/{total}'
  const bar = new SingleBar({ stream, format, hideCursor: false }, Presets.shades_classic)
  let current: string | undefined
  const stop = (): void => {
    if (current !== undefined) bar.stop()
    current = undefined
  }
  return {
    show: (step, done, of) => {
      if (step === current) return bar.update(done)
      stop()
      bar.start(of, done, { step })
      current = step
    },
    say: (text) => {
      stop()
      stream.write(`${text}\n`)
    },
    stop,
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
    say: (text) => stream.write(`${text}\n`),
    stop: () => {},
  }
}

export const readingInto =
  (progress: StepProgress) =>
  (done: number, of: number): void =>
    progress.show('raw records read', done, of)
