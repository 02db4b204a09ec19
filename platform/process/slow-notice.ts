const firstAfterMs = 5_000
const againAfterMs = 30_000

/**
 * For whoever waits: a function to call with what is waited for, as often as one looks. It says so after some seconds, and
 * now and then again.
 */
export function slowNotice(say: (text: string) => void): (text: string) => void {
  let nextMs = performance.now() + firstAfterMs
  return (text) => {
    if (performance.now() < nextMs) return
    nextMs = performance.now() + againAfterMs
    say(text)
  }
}
