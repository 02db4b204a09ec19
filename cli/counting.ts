import { Presets, SingleBar } from 'cli-progress'

/** Shows how many of something are done. */
export interface Counting {
  show: (done: number) => void
  stop: () => void
}

const lineEveryMs = 5_000

/** A bar on a terminal, a line every few seconds elsewhere; on `stream`, which is not where results go. */
export function countingProgress(what: string, total: number, stream: NodeJS.WriteStream): Counting {
  if (!stream.isTTY) {
    let shownMs = performance.now()
    return {
      show: (done) => {
        if (performance.now() - shownMs < lineEveryMs) return
        shownMs = performance.now()
        stream.write(`${done} of ${total} ${what}\n`)
      },
      stop: () => {},
    }
  }
  const bar = new SingleBar(
    { stream, format: ` {bar} {value}/{total} ${what}`, hideCursor: false, clearOnComplete: true },
    Presets.shades_classic,
  )
  bar.start(total, 0)
  return { show: (done) => bar.update(done), stop: () => bar.stop() }
}
