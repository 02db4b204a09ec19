// Reads sources/<source>/samples/<name>.body (an answer) and <name>.asked.json (the request and expected values).
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { NamedAnswer } from './answers.ts'

const askedSchema = z.strictObject({
  dataset: z.string(),
  window: z.strictObject({ start: z.iso.datetime(), end: z.iso.datetime() }),
  status: z.int().default(200),
  selector: z.string().optional(),
  /** The earlier name of `selector`. */
  subject: z.string().optional(),
  /** Expected: the number of values per key that are not null, and some points. */
  told: z.strictObject({
    values: z.record(z.string(), z.int()),
    points: z.array(z.tuple([z.string(), z.iso.datetime(), z.number().nullable()])),
    /** Every value that has the flag of a check: key, time, flag. */
    flagged: z.array(z.tuple([z.string(), z.iso.datetime(), z.string()])).exactOptional(),
    /** Expected records on own topics: the topic's suffix, and some fields. */
    records: z.array(z.tuple([z.string(), z.record(z.string(), z.unknown())])).exactOptional(),
  }),
})

interface Sample extends NamedAnswer {
  told: z.infer<typeof askedSchema>['told']
}

const ending = '.asked.json'

/** Reads all samples. @throws Error with the name of an invalid file */
export function sampleAnswers(directory = new URL('../../sources/', import.meta.url)): Sample[] {
  const cwd = fileURLToPath(directory)
  return globSync(`*/samples/*${ending}`, { cwd })
    .toSorted()
    .map((file) => readSample(new URL(file, directory)))
}

function readSample(file: URL): Sample {
  try {
    const { subject, ...asked } = askedSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
    const { dataset, window, status, selector = subject, told } = asked
    const body = readFileSync(new URL(file.href.slice(0, -ending.length).concat('.body')))
    const span = { startMs: Date.parse(window.start), endMs: Date.parse(window.end) }
    const name = `sample ${basename(fileURLToPath(file), ending)}`
    return { dataset, name, told, answer: { body, status, window: span, ...(selector !== undefined && { selector }) } }
  } catch (error) {
    throw new Error(`${fileURLToPath(file)}: ${(error as Error).message}`, { cause: error })
  }
}
