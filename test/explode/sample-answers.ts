// Answers that lie in the folders of sources: sources/<source>/samples/<name>.body, the bytes as they came, and beside
// them <name>.asked.json, what was asked and what a person reads in it.
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { NamedAnswer } from './answers.ts'

const askedSchema = z.strictObject({
  dataset: z.string(),
  window: z.strictObject({ start: z.iso.datetime(), end: z.iso.datetime() }),
  status: z.int().default(200),
  subject: z.string().optional(),
  /** What a person reads in the body: how many values that are not null each key has, and some of them. */
  told: z.strictObject({
    values: z.record(z.string(), z.int()),
    points: z.array(z.tuple([z.string(), z.iso.datetime(), z.number().nullable()])),
    /** Records of topics of the source's own: the topic's suffix, and some of the fields. */
    records: z.array(z.tuple([z.string(), z.record(z.string(), z.unknown())])).exactOptional(),
  }),
})

interface Sample extends NamedAnswer {
  told: z.infer<typeof askedSchema>['told']
}

const ending = '.asked.json'

/** All samples of all sources. Throws with the file's name when one does not say what was asked. */
export function sampleAnswers(directory = new URL('../../sources/', import.meta.url)): Sample[] {
  const cwd = fileURLToPath(directory)
  return globSync(`*/samples/*${ending}`, { cwd })
    .toSorted()
    .map((file) => readSample(new URL(file, directory)))
}

function readSample(file: URL): Sample {
  try {
    const { dataset, window, status, subject, told } = askedSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
    const body = readFileSync(new URL(file.href.slice(0, -ending.length).concat('.body')))
    const span = { startMs: Date.parse(window.start), endMs: Date.parse(window.end) }
    const name = `sample ${basename(fileURLToPath(file), ending)}`
    return { dataset, name, told, answer: { body, status, window: span, ...(subject !== undefined && { subject }) } }
  } catch (error) {
    throw new Error(`${fileURLToPath(file)}: ${(error as Error).message}`, { cause: error })
  }
}
