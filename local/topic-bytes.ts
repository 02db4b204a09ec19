import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { messagesDirectory } from './broker.ts'
import type { StackFile } from './stack-file.ts'

/** Bytes of a topic's records on disk. Null if the broker is elsewhere, or deletes files during the call. */
export function topicBytes({ parts, dataDir }: Pick<StackFile, 'parts' | 'dataDir'>, topic: string): number | null {
  if (!('kafka' in parts)) return null
  const messages = messagesDirectory(join(dataDir, 'kafka'))
  try {
    const partitions = readdirSync(messages).filter((name) => name.replace(/-\d+$/, '') === topic)
    const files = partitions.flatMap((name) =>
      readdirSync(join(messages, name)).map((file) => join(messages, name, file)),
    )
    // Index files are sparse: each appears to have 10 MB, so they are not counted.
    return files.filter((file) => file.endsWith('.log')).reduce((sum, file) => sum + statSync(file).size, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
