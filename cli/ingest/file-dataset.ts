import { printable } from '#platform/process/printable.ts'
import { Problem } from '#platform/process/problem.ts'
import { sources } from '#sources/index.ts'
import type { Dataset, FileReading, Source } from '#sources/source.ts'

/** A dataset that is read from files. */
export interface FileDataset {
  source: Source
  dataset: Dataset
  reading: FileReading
}

const fileDatasets = (): FileDataset[] =>
  sources.flatMap((source) =>
    source.datasets.flatMap((dataset) => (dataset.files ? [{ source, dataset, reading: dataset.files }] : [])),
  )

/** What can be ingested, for the help text. */
export const ingestable = (): string =>
  fileDatasets()
    .map(({ source, dataset }) => `${source.name} (${dataset.name})`)
    .join(', ')

/** The dataset that a source's name or its own means. @throws Problem that says what there is */
export function findFileDataset(name: string): FileDataset {
  const found = fileDatasets().filter(({ source, dataset }) => source.name === name || dataset.name === name)
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  if (found.length > 1) {
    throw new Problem(
      `${name} has several datasets: say which: ${found.map(({ dataset }) => dataset.name).join(', ')}.`,
    )
  }
  throw new Problem(`Nothing named ${printable(name)} is read from files; there is: ${ingestable()}.`)
}
