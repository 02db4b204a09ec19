import { Command } from 'commander'
import type { StackFile } from '#local/stack-file.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { openProducer } from '#platform/kafka/produce.ts'
import { spanOf } from '#platform/kafka/read-span.ts'
import { whoAmI } from '#platform/process/who.ts'
import { dataDirectory } from '../directories.ts'
import { normalizerStatus } from '../normalizer-status.ts'
import { stepProgress } from '../step-progress.ts'
import type { Letter } from './letter.ts'
import { readMeant } from './meant.ts'
import { tell } from './outcome.ts'
import { type Plan, planRequeue, type Target } from './plan.ts'
import { watchComebacks } from './refused-again.ts'
import { type FilterOptions, readSelection, withFilters } from './selection.ts'
import { type Decider, requeueLetters } from './settle-letters.ts'
import { refusingTopics } from './topics.ts'
import { withStack } from './with-stack.ts'

interface RequeueOptions extends FilterOptions {
  everything?: boolean
  dryRun?: boolean
  again?: boolean
  why: string
  data?: string
  json?: boolean
}

export const requeue = (): Command =>
  withFilters(new Command('requeue'))
    .description('send dead letters back to the topic and partition that they came from')
    .argument('[ids...]', 'as `tidemark dlq list --each` names them: jao.dlq/0/17')
    .option('--everything', 'every open letter: must be said when nothing else is')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--again', 'also what came back for the same reason; with ids also what was requeued or dropped before')
    .option('--why <text>', 'for the record', 'not told')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print what came of it as JSON')
    .addHelpText(
      'after',
      '\nWaits until the messages are handled, half a minute at the most, and says which were refused again. Exit code 1 then,\nand when a letter that was meant stays; each is named.',
    )
    .action(run)

async function run(ids: string[], options: RequeueOptions): Promise<void> {
  const selection = readSelection(ids, options)
  await withStack(options.data, async ({ kafka }, stack) => {
    const { letters, unknown } = await readMeant(kafka, selection, options.everything)
    const parked = await parkedDatasets(stack)
    const plan = planRequeue(letters, {
      targets: await targetsOf(kafka, letters),
      parked,
      again: options.again === true,
    })
    const planned = plan.go.map(({ letter }) => letter)
    if (options.dryRun)
      return tell({ verb: 'requeued', dryRun: true, done: planned, stay: plan.stay, unknown }, options.json)
    const watch = await watchComebacks(kafka, planned, (text) => void process.stderr.write(`${text}\n`))
    const { done, stay } = await requeuePlanned(kafka, plan, { by: whoAmI(), why: options.why })
    const refusedAgain = done.length === 0 ? [] : ((await watch.refusedAgain(done)) ?? null)
    tell({ verb: 'requeued', dryRun: false, done, stay, unknown, refusedAgain }, options.json)
  })
}

/** The topics that some letters may go back to, each with the partitions that it has now. */
export async function targetsOf(kafka: Kafka, letters: readonly Letter[]): Promise<Map<string, Target>> {
  const targets = new Map<string, Target>()
  for (const { source } of letters) {
    const refusing = refusingTopics.get(source?.topic ?? '')
    if (!refusing || targets.has(refusing.topic.name)) continue
    const { name, record } = refusing.topic
    targets.set(name, { deadLetters: refusing.deadLetters, record, partitions: (await spanOf(kafka, name)).size })
  }
  return targets
}

/** Sends back what a plan lets go, showing how far it is. */
export async function requeuePlanned(
  kafka: Kafka,
  plan: Plan,
  decider: Decider,
): Promise<{ done: Letter[]; stay: Plan['stay'] }> {
  if (plan.go.length === 0) return { done: [], stay: plan.stay }
  const progress = stepProgress(process.stderr)
  const producer = await openProducer(kafka)
  try {
    const { sent, stay } = await requeueLetters({ kafka, producer }, plan.go, decider, (done) =>
      progress.show('letters', done, plan.go.length),
    )
    return { done: sent, stay: [...plan.stay, ...stay] }
  } finally {
    progress.stop()
    await producer.disconnect()
  }
}

/** A normalizer that does not answer parks nothing that we know of. */
async function parkedDatasets(stack: StackFile): Promise<Set<string>> {
  const status = await normalizerStatus(stack).catch(() => undefined)
  return new Set(status?.parked.map(({ dataset }) => dataset))
}
