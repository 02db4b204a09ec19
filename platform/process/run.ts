import type { Logger } from './log.ts'

/** Registers a function that releases a resource when the process stops. The last registered function runs first. */
export type OnStop = (name: string, release: () => Promise<unknown> | unknown) => void

/**
 * Runs a service until SIGTERM, SIGINT or the end of its parent process (IPC). Then releases all resources and exits 0.
 * Exits 1 if that takes longer than `stopDeadlineMs`. A second signal exits at once. An error in `start` and an
 * unhandled rejection exit 1.
 */
export async function run(
  log: Logger,
  stopDeadlineMs: number,
  start: (onStop: OnStop) => Promise<void>,
): Promise<void> {
  const releases: { name: string; release: () => Promise<unknown> | unknown }[] = []
  let stopping = false

  const stop = async (reason: string, exitCode: number): Promise<void> => {
    if (stopping) process.exit(exitCode === 0 ? 130 : exitCode)
    stopping = true
    log.info({ reason }, 'stopping')
    setTimeout(() => {
      log.error({ stopDeadlineMs }, 'not stopped within the deadline: exiting')
      process.exit(1)
    }, stopDeadlineMs).unref()
    for (const { name, release } of releases.reverse()) {
      try {
        await release()
      } catch (error) {
        log.warn({ err: error, part: name }, 'part did not stop cleanly')
      }
    }
    log.info('stopped')
    process.exit(exitCode)
  }

  process.on('SIGTERM', () => void stop('SIGTERM', 0))
  process.on('SIGINT', () => void stop('SIGINT', 0))
  if (process.connected) process.on('disconnect', () => void stop('parent gone', 0))
  const crash = (error: unknown): void => {
    log.fatal({ err: error }, 'crashed')
    process.exit(1)
  }
  process.on('uncaughtException', crash)
  process.on('unhandledRejection', crash)

  try {
    await start((name, release) => void releases.push({ name, release }))
  } catch (error) {
    crash(error)
  }
}
