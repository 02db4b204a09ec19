// Answers that lie in the folders of sources: sources/<source>/samples/<name>.body, the bytes as they came, and beside
// them <name>.asked.json, what was asked.
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
})

const ending = '.asked.json'

/** All samples of all sources. Throws with the file's name when one does not say what was asked. */
export function sampleAnswers(directory = new URL('../../sources/', import.meta.url)): NamedAnswer[] {
  const cwd = fileURLToPath(directory)
  return globSync(`*/samples/*${ending}`, { cwd })
    .toSorted()
    .map((file) => readSample(new URL(file, directory)))
}

function readSample(file: URL): NamedAnswer {
  try {
    const { dataset, window, status, subject } = askedSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
    const body = readFileSync(new URL(file.href.slice(0, -ending.length).concat('.body')))
    const span = { startMs: Date.parse(window.start), endMs: Date.parse(window.end) }
    const name = `sample ${basename(fileURLToPath(file), ending)}`
    return { dataset, name, answer: { body, status, window: span, ...(subject !== undefined && { subject }) } }
  } catch (error) {
    throw new Error(`${fileURLToPath(file)}: ${(error as Error).message}`, { cause: error })
  }
}
