import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Written {
  ids: Set<number>
  files: number
}

const linesAFile = 50_000

/** Writes a vote file and returns its path. Half of the Ids are also in the file that was written before. */
export function writeVotes(directory: string, written: Written): string {
  const file = join(directory, `soak-votes-${++written.files}.jsonl`)
  const first = ((written.files - 1) * linesAFile) / 2 + 1
  const lines = Array.from({ length: linesAFile }, (_, index) => {
    const id = first + index
    written.ids.add(id)
    const date = new Date(Date.UTC(2020, 0, 1 + (id % 2_000))).toISOString().slice(0, 23)
    return `{"Id":"${id}","PostId":"${id % 977}","VoteTypeId":"${written.files % 16}","CreationDate":"${date}"}`
  })
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}
