import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import type { PublicAddresses } from '#catalogue/export/addresses.ts'
import { dcatCatalogue } from '#catalogue/export/dcat.ts'
import { odcsContract, odcsYaml } from '#catalogue/export/odcs.ts'
import { runEvent } from '#catalogue/export/openlineage.ts'
import { datasetsByName, type SourcedDataset } from '#core/datasets.ts'
import { parseDay } from '#core/day.ts'
import { datasetNames, findDataset } from '#core/find-dataset.ts'
import type { StackFile } from '#local/stack-file.ts'
import { readKept } from '#operations/export/kept.ts'
import { lineageUrl, pushEvents } from '#operations/export/push-events.ts'
import { readRuns } from '#operations/export/runs.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import { UserError } from '#platform/process/user-error.ts'
import { abortWhenStackStops } from '../abort-when-stack-stops.ts'
import { openReader, storeProblem } from '../ask-store.ts'
import { dataDirectory, findRunningStack, findStack } from '../directories.ts'
import { stackNowMs } from '../stack-now.ts'
import { type AddressOptions, readAddresses } from './public-addresses.ts'
import { askIfRunning } from './running.ts'

interface ExportOptions extends AddressOptions {
  format: 'odcs' | 'openlineage' | 'dcat'
  out?: string
  declared?: boolean
  push?: string
  from?: string
  to?: string
  data?: string
}

interface ExportRequest {
  /** Null: all. */
  dataset: string | null
  /** In the order of their names. */
  datasets: SourcedDataset[]
  addresses: PublicAddresses
  /** Null: the last 30 local days, and tomorrow. */
  days: { from: string; to: string } | null
}

interface ExportedFile {
  name: string
  text: string
}

/** Timeout after which an export gives up when the stack is gone, ms. */
const goneAfterMs = 10_000

export const exportCommand = (): Command =>
  new Command('export')
    .description('the catalogue for other tools: data contracts, lineage, or a catalogue of a data portal')
    .argument('[dataset]', `${datasetNames()} (default: all)`)
    .addOption(
      new Option('--format <format>', 'Open Data Contract 3.1, OpenLineage run events, or DCAT-AP 3')
        .choices(['odcs', 'openlineage', 'dcat'])
        .makeOptionMandatory(),
    )
    .option('--out <dir>', 'write files into this directory, instead of all on stdout')
    .option('--declared', 'odcs: what is declared alone, also if a stack runs')
    .option('--from <day>', 'openlineage: first day, local time of the dataset (default: 29 days before today)')
    .option('--to <day>', 'openlineage: last day (default: tomorrow)')
    .option('--push <url>', 'openlineage: send the events to this server, each as a POST, instead of all on stdout')
    .option('--public-url <url>', 'where others reach the API, such as https://data.example.org/tidemark')
    .option('--public-kafka <host:port>', 'where others reach Kafka')
    .option('--public-clickhouse <host:port>', 'where others reach ClickHouse')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .addHelpText(
      'after',
      '\nNo address is in an export unless an option says it. docs/catalogue-exports.md says what is in each.',
    )
    .action(run)

async function run(name: string | undefined, options: ExportOptions): Promise<void> {
  const request = readExportOptions(name, options)
  const read = { odcs: contracts, openlineage: events, dcat: catalogueOf }[options.format]
  const files = await read(request, options)
  if (options.push !== undefined) await push(options.push, files)
  else if (options.out === undefined) process.stdout.write(joined(files, options.format))
  else writeFiles(options.out, files)
}

/** @throws UserError if the options do not fit */
export function readExportOptions(name: string | undefined, options: ExportOptions): ExportRequest {
  const { format, declared, from, to } = options
  const dataset = name === undefined ? null : findDataset(name).dataset.name
  const datasets = [...datasetsByName.values()]
    .filter((each) => dataset === null || each.dataset.name === dataset)
    .toSorted((one, other) => (one.dataset.name < other.dataset.name ? -1 : 1))
  if (options.out?.trim() === '') throw new UserError('--out is empty: name a directory.')
  if (options.push !== undefined) {
    if (format !== 'openlineage') throw new UserError(`--push is for --format openlineage: ${format} has no events.`)
    if (options.out !== undefined) throw new UserError('--push and --out exclude each other.')
    lineageUrl(options.push)
  }
  if (declared && format === 'openlineage')
    throw new UserError(
      '--declared and --format openlineage exclude each other: run events are read from a running stack.',
    )
  if ((from !== undefined || to !== undefined) && format !== 'openlineage')
    throw new UserError(`--from and --to are for --format openlineage: ${format} has no span.`)
  if ((from === undefined) !== (to === undefined))
    throw new UserError('--from and --to belong together: name both days.')
  const days =
    from === undefined || to === undefined ? null : { from: parseDay('--from', from), to: parseDay('--to', to) }
  if (days !== null && days.from > days.to) throw new UserError(`--from ${days.from} is after --to ${days.to}.`)
  return { dataset, datasets, addresses: readAddresses(options), days }
}

async function contracts(
  { dataset, datasets, addresses }: ExportRequest,
  { declared, data }: ExportOptions,
): Promise<ExportedFile[]> {
  const kept = await askIfRunning(declared ? undefined : findStack(data), (stack) =>
    inStore(stack, (store, nowMs) => readKept(store, { dataset, nowMs, upstream: stack.source })),
  )
  if (kept === null)
    process.stderr.write(
      `Exported what is declared alone: what was kept in the last 30 days is read where a stack runs${declared ? ', without --declared' : ' (`npx tidemark up`)'}.\n`,
    )
  return datasets.map((each) => ({
    name: `${each.dataset.name}.odcs.yaml`,
    text: odcsYaml(odcsContract(each, kept?.get(each.dataset.name) ?? null, addresses)),
  }))
}

async function events({ dataset, addresses, days }: ExportRequest, { data }: ExportOptions): Promise<ExportedFile[]> {
  const stack = findRunningStack(data)
  const runs = await inStore(stack, (store, nowMs) => readRuns(store, { dataset, days, nowMs, upstream: stack.source }))
  return [...Map.groupBy(runs, (each) => each.dataset)].flatMap(([name, own]) => {
    const sourced = datasetsByName.get(name)
    if (sourced === undefined) return []
    const lines = own.map((each) => `${JSON.stringify(runEvent(sourced, each, addresses))}\n`)
    return [{ name: `${name}.openlineage.ndjson`, text: lines.join('') }]
  })
}

const catalogueOf = async ({ datasets, addresses }: ExportRequest): Promise<ExportedFile[]> => [
  { name: 'catalogue.jsonld', text: `${JSON.stringify(dcatCatalogue(datasets, addresses), null, 2)}\n` },
]

/** Contracts are documents of one YAML stream, events are lines. */
const joined = (files: readonly ExportedFile[], format: ExportOptions['format']): string =>
  files.map(({ text }) => text).join(format === 'odcs' ? '---\n' : '')

async function push(url: string, files: readonly ExportedFile[]): Promise<void> {
  const lines = files.flatMap(({ text }) => text.split('\n').filter((line) => line !== ''))
  await pushEvents(url, lines)
  process.stderr.write(`${lines.length === 1 ? '1 event' : `${lines.length} events`} sent\n`)
}

function writeFiles(directory: string, files: readonly ExportedFile[]): void {
  try {
    mkdirSync(directory, { recursive: true })
    for (const { name, text } of files) writeFileSync(join(directory, name), text)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new UserError(
      `Cannot write into ${directory} (${code ?? message}): name a directory that you may write into.`,
    )
  }
  process.stderr.write(`${files.length === 1 ? '1 file' : `${files.length} files`} in ${directory}\n`)
}

async function inStore<T>(stack: StackFile, read: (store: Store, nowMs: number) => Promise<T>): Promise<T> {
  return abortWhenStackStops(stack, goneAfterMs, async () => {
    const store = openReader(stack)
    try {
      return await read(store, await stackNowMs(stack))
    } catch (error) {
      throw storeProblem(stack, error as Error)
    } finally {
      await store.close()
    }
  })
}
