const firstAfterMs = 5_000
const againAfterMs = 30_000

/** Returns a throttled progress callback for polling loops: silent for 5 s, then at most one message per 30 s. */
export function slowNotice(say: (text: string) => void): (text: string) => void {
  let nextMs = performance.now() + firstAfterMs
  return (text) => {
    if (performance.now() < nextMs) return
    nextMs = performance.now() + againAfterMs
    say(text)
  }
}
