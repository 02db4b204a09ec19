import { join } from 'node:path'
import { z } from 'zod'
import { readIfThere } from '#platform/process/read-if-there.ts'
import { UserError } from '#platform/process/user-error.ts'
import { replaceFile } from './replace-file.ts'

const Deletion = z.strictObject({
  dataset: z.string().min(1),
  before: z.int(),
  at: z.int(),
  by: z.string(),
  why: z.string(),
})

/** A deletion, with the fields of its record on topic `deletions`. Times are ms UTC. */
export type RecordedDeletion = z.infer<typeof Deletion>

/** Path of the list of deletions in a data directory or backup. It has one JSON object per line. */
export const deletionsFile = (directory: string): string => join(directory, 'deletions.jsonl')

/** Returns [] if the file is absent. @throws UserError on an invalid line: skipping it would restore deleted data */
export function readDeletions(file: string): RecordedDeletion[] {
  const lines = (readIfThere(file) ?? '').split('\n')
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return []
    try {
      return [Deletion.parse(JSON.parse(line))]
    } catch {
      throw new UserError(
        `${file}, line ${index + 1}, notes no deletion: mend or remove the line; what it deleted is stored again otherwise.`,
      )
    }
  })
}

export function recordDeletion(file: string, deletion: RecordedDeletion): void {
  const noted = readDeletions(file)
  if (noted.some(({ dataset, before }) => dataset === deletion.dataset && before >= deletion.before)) return
  replaceFile(file, [...noted, deletion].map((each) => `${JSON.stringify(each)}\n`).join(''))
}
