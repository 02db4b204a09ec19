import { Command } from 'commander'
import { type CatalogueEntry, catalogueEntries } from '#catalogue/entry.ts'
import { datasetNames, findDataset } from '#core/find-dataset.ts'
import type { StackFile } from '#local/stack-file.ts'
import { topicBytes } from '#local/topic-bytes.ts'
import { createKafka } from '#platform/kafka/client.ts'
import { inspectTopics } from '#platform/kafka/topic-readers.ts'
import { kafkaSettings, readConfig } from '#platform/process/config.ts'
import { sources } from '#sources/index.ts'
import type { Dataset } from '#sources/source.ts'
import { dataDirectory, findStack } from '../directories.ts'
import { askIfRunning, noCounts } from './running.ts'
import { type Found, showText } from './show-report.ts'
import { storeReaders } from './store-readers.ts'
import { storedCounts } from './stored-counts.ts'

interface ShowOptions {
  data?: string
  json?: boolean
}

export const show = (): Command =>
  new Command('show')
    .description('all of one dataset: what is declared, and where a stack runs what is there and who reads it')
    .argument('<dataset>', datasetNames())
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print it as JSON')
    .action(run)

async function run(name: string, { data, json }: ShowOptions): Promise<void> {
  const { dataset } = findDataset(name)
  const [entry] = catalogueEntries(sources).filter((each) => each.dataset === name)
  if (entry === undefined) throw new Error(`${name} is declared and has no entry`)
  const found = await askIfRunning(findStack(data), (stack) => look(stack, dataset, entry))
  process.stdout.write(json ? `${JSON.stringify({ ...entry, found })}\n` : showText(entry, found))
  if (found === null && !json) process.stderr.write(`${noCounts}\n`)
}

async function look(stack: StackFile, dataset: Dataset, entry: CatalogueEntry): Promise<Found> {
  const config = readConfig(kafkaSettings, { ...process.env, KAFKA_BROKERS: stack.endpoints.kafka })
  const kafka = createKafka(config, 'tidemark-catalogue')
  const [held, { contents, readers }, readersOfStore] = await Promise.all([
    storedCounts(stack, dataset),
    inspectTopics(kafka, entry.topics),
    storeReaders(stack, entry),
  ])
  const topics = contents.map((content) => ({ ...content, bytes: topicBytes(stack, content.topic) }))
  return { held, topics, topicReaders: readers, storeReaders: readersOfStore }
}
