import { Command } from 'commander'
import type { Kafka } from '#platform/kafka/client.ts'
import { type Decision, decisionOf } from '#platform/kafka/decision.ts'
import { readSpan, type StoredRecord, spanOf } from '#platform/kafka/read-span.ts'
import { printable } from '#platform/process/printable.ts'
import { Problem } from '#platform/process/problem.ts'
import { utcText } from '#platform/process/utc-text.ts'
import { dataDirectory } from '../directories.ts'
import { contentOf } from './content.ts'
import { letterJson } from './groups.ts'
import { cameBack, type Letter, letterOf, type Place, placeName } from './letter.ts'
import { readId } from './selection.ts'
import { withStack } from './with-stack.ts'

interface ShowOptions {
  raw?: boolean
  data?: string
  json?: boolean
}

export const show = (): Command =>
  new Command('show')
    .description('one dead letter: its headers, what became of it, and what it holds')
    .argument('<id>', 'as `tidemark dlq list --each` names it: jao.dlq/0/17')
    .option('--raw', 'write its bytes to stdout as they are, and nothing else')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print it as JSON')
    .action(run)

async function run(id: string, options: ShowOptions): Promise<void> {
  const place = readId(id)
  await withStack(options.data, async ({ kafka, registry }) => {
    const { record, decision } = await findLetter(kafka, place)
    if (options.raw) {
      if (record.value === null) process.stderr.write(`${id} has no value\n`)
      else process.stdout.write(record.value)
      return
    }
    const letter: Letter = { ...letterOf(record), ...(decision && { decision }) }
    const content = await contentOf(record, letter.source?.topic, registry)
    const headers = Object.entries(record.headers).map(([name, value]): [string, string] => [name, value.toString()])
    if (options.json) {
      process.stdout.write(
        `${JSON.stringify({ ...letterJson(letter), headers: Object.fromEntries(headers), content })}\n`,
      )
    } else {
      process.stdout.write(letterText(letter, headers, content))
    }
  })
}

/** @throws Problem when there is no letter at that place */
export async function findLetter(
  kafka: Kafka,
  place: Place,
): Promise<{ record: StoredRecord; decision: Decision | undefined }> {
  const { topic, partition, offset } = place
  const span = (await spanOf(kafka, topic)).get(partition)
  let record: StoredRecord | undefined
  let decision: Decision | undefined
  if (span && offset >= span.from && offset < span.to) {
    await readSpan(kafka, topic, new Map([[partition, { from: offset, to: span.to }]]), (records) => {
      for (const found of records) {
        if (found.offset === offset) record = found
        const decided = decisionOf(found)
        if (decided?.offset === offset) decision = decided
      }
    })
  }
  const held = span && span.to > span.from ? `offsets ${span.from} to ${span.to - 1}` : 'nothing'
  if (!record) {
    throw new Problem(
      `There is no letter ${placeName(place)}: partition ${partition} of ${topic} holds ${span ? held : 'nothing: it does not exist'}.`,
    )
  }
  const decided = decisionOf(record)
  if (!decided) return { record, decision }
  const about = placeName({ topic, partition, offset: decided.offset })
  throw new Problem(`${placeName(place)} is no letter: it records that ${about} was ${decided.decision}.`)
}

function letterText(letter: Letter, headers: [string, string][], content: string): string {
  const { id, key, decision } = letter
  const settled = decision && `${decision.decision} at ${utcText(decision.atMs)} by ${decision.by}: ${decision.why}`
  const lines = [
    `${id}  ${settled ?? 'open'}`,
    ...(cameBack(letter) ? ['came back for the same reason'] : []),
    `key: ${key ?? '(none)'}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ]
  return `${lines.map(printable).join('\n')}\n\n${content}\n`
}
