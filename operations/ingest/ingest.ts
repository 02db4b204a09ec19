// Files into the store: the second producer of raw and polls beside the poller.
import type { Input } from './content.ts'
import type { FileDataset } from './files.ts'
import { type IngestParts, openSession, type ReadEvents, type Summary } from './session.ts'
import { watchFiles } from './watch.ts'

/** What is to be read: inputs once, or the files of a list that is followed. */
export type IngestJob = {
  files: FileDataset
  /** What files that are snapshots are snapshots of, ms UTC, whole seconds; else when they were modified. */
  atMs?: number | undefined
  /** Ends the reading after the chunk that is on its way; what was sent counts. */
  stop?: AbortSignal
} & ({ inputs: () => readonly Input[]; follow?: false } | { inputs: () => string[]; follow: true; stop: AbortSignal })

export interface IngestEvents extends ReadEvents {
  /** What was sent before is known, and the first file is opened next. */
  begins: () => void
}

/**
 * Reads files into the store. What was sent of their content before is not sent again, so an ingest that was interrupted
 * is repeated. Returns when all that was sent can be queried, or lies among the dead letters.
 *
 * One at a time for a dataset: known_at grows over all that is sent. The caller sees to it.
 *
 * @throws Problem when Kafka is away for too long; a file that cannot be read is in the summary instead
 */
export async function ingest(parts: IngestParts, job: IngestJob, events: IngestEvents): Promise<Summary> {
  const stopped = (): boolean => job.stop?.aborted ?? false
  const session = await openSession(parts, job.files, { ...events, atMs: job.atMs, stopped })
  try {
    events.begins()
    if (job.follow) await watchFiles(job.inputs, session, events.say, job.stop)
    else {
      for (const input of job.inputs()) {
        if (stopped()) break
        await session.read(input)
      }
    }
    return await session.finish()
  } finally {
    await session.close()
  }
}
