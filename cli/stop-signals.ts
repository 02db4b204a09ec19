/** Time within which two signals count as one, ms. npm forwards a Ctrl-C that the terminal has already sent. */
const echoMs = 500

/** Calls `first` at the first SIGINT, SIGTERM or SIGHUP, and `second` at each later signal. */
export function onStopSignals(on: { first: () => Promise<void>; second: () => Promise<void> }): void {
  let firstAt: number | undefined
  const heard = (): void => {
    if (firstAt === undefined) {
      firstAt = performance.now()
      void on.first()
    } else if (performance.now() - firstAt > echoMs) void on.second()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, heard)
}
