import { Command } from 'commander'
import { pointsAtUs } from '#core/explode-raw.ts'
import type { StackFile } from '#local/stack-file.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { parkedReason } from '#platform/kafka/dead-letter.ts'
import { openProducer } from '#platform/kafka/produce.ts'
import { groupPasses } from '#platform/kafka/progress.ts'
import { printable } from '#platform/process/printable.ts'
import { Problem } from '#platform/process/problem.ts'
import { pause } from '#platform/process/retry.ts'
import { whoAmI } from '#platform/process/who.ts'
import { deadLetterTopic, parkingTopic, rawTopic } from '#schemas/topics.ts'
import type { Source } from '#sources/source.ts'
import { dataDirectory } from '../directories.ts'
import { datasetNames, findDataset } from '../find-dataset.ts'
import { type NormalizerStatus, normalizerStatus } from '../normalizer-status.ts'
import { refuseOtherNormalizer } from '../normalizer-versions.ts'
import type { StackClients } from '../stack-clients.ts'
import { stepProgress } from '../step-progress.ts'
import type { Letter } from './letter.ts'
import { tell } from './outcome.ts'
import { type Plan, type PlanOptions, planRequeue, type Returnable, type Staying } from './plan.ts'
import { readLetters } from './read-letters.ts'
import { requeuePlanned, targetsOf } from './requeue.ts'
import { newestOfEachKind, type TriedRefusal, tryLetters } from './trial.ts'
import { withStack } from './with-stack.ts'

interface ReleaseOptions {
  why: string
  anyway?: boolean
  data?: string
  json?: boolean
}

const patienceMs = 30_000
const lookEveryMs = 200

export const release = (): Command =>
  new Command('release')
    .description('release a parked dataset, and requeue its letters that nobody looked at because it was parked')
    .argument('<dataset>', datasetNames())
    .option('--anyway', 'also where the newest letters would be refused again')
    .option('--why <text>', 'for the record', 'released')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print what came of it as JSON')
    .addHelpText(
      'after',
      "\nTries the letters first, with this release's code: those that it would refuse again stay, and where that is the newest\nof each kind the dataset stays parked. Exit code 1 when a letter stays, or the dataset is parked. Letters refused before\nit was parked stay: `requeue` them.",
    )
    .action(run)

async function run(dataset: string, options: ReleaseOptions): Promise<void> {
  const { source, dataset: declared } = findDataset(dataset)
  await withStack(options.data, async (clients, stack) => {
    const { kafka } = clients
    const decider = { by: whoAmI(), why: options.why }
    // What another release makes of the letters cannot be tried here.
    await refuseOtherNormalizer(stack, declared)
    const wasParked = parkingOf(await normalizerStatus(stack), dataset) !== undefined
    const openLetters = async () => planRequeue(...(await parkedLetters(kafka, source, dataset)))
    if (wasParked && !options.anyway) await refuseInVain(clients, dataset, await openLetters(), options.json)
    if (wasParked) await unpark(clients, stack, dataset, decider)
    // A batch that was being judged while it was released may still make parked letters.
    const passed = () => {
      process.stderr.write('waiting until the normalizer has passed what lies before it\n')
      return groupPasses(kafka, 'normalizer', rawTopic(source.name).name)
    }
    if (wasParked) await passed()
    const plan = await openLetters()
    if (!wasParked && plan.go.length + plan.stay.length === 0) process.stderr.write(`${dataset} is not parked\n`)
    const tried = await withoutRefused(clients, plan.go)
    const { done, stay } = await requeuePlanned(kafka, { go: tried.go, stay: plan.stay }, decider)
    if (done.length > 0) await passed()
    const status = await normalizerStatus(stack).catch((error: Error) => error)
    const parked = status instanceof Error ? undefined : parkingOf(status, dataset)
    const outcome = { verb: 'requeued', dryRun: false, done, stay: [...stay, ...tried.refused], unknown: [] } as const
    tell({ ...outcome, parked: status instanceof Error ? null : parked !== undefined }, options.json)
    if (status instanceof Error) throw status
    if (parked) throw new Problem(`${dataset} was parked again: ${printable(parked.message)}.`)
    if (wasParked) process.stderr.write(`${dataset} goes on\n`)
    if (tried.refused.length > 0) process.stderr.write(`${adviceOn(dataset)}\n`)
  })
}

/** The open letters of a dataset that nobody looked at, and where they may go back to. */
async function parkedLetters(
  kafka: Kafka,
  source: Source,
  dataset: string,
): Promise<[letters: Letter[], options: PlanOptions]> {
  const letters = (await readLetters(kafka, [deadLetterTopic(source.name).name])).filter(
    (letter) => letter.decision === undefined && letter.reason === parkedReason && letter.dataset === dataset,
  )
  return [letters, { targets: await targetsOf(kafka, letters), parked: new Set(), again: false }]
}

/**
 * Where the newest letter of every kind would be refused for a reason that points at us, so would be what comes next:
 * released, the dataset would be parked again.
 *
 * @throws Problem that says why it stays parked, and what to do; each letter was told
 */
async function refuseInVain(clients: StackClients, dataset: string, plan: Plan, json: boolean | undefined) {
  const newest = newestOfEachKind(plan.go)
  const refused = await tryLetters(clients, newest)
  const whys = newest.map(({ letter }) => ({ letter, why: refused.get(letter.id) }))
  if (whys.length === 0 || whys.some(({ why }) => why === undefined || !pointsAtUs(why.reason))) return
  const tried = new Map(whys.map(({ letter, why }) => [letter.id, why && wouldBeRefused(why)]))
  const stay = plan.go.map(({ letter }) => ({
    letter,
    why: tried.get(letter.id) ?? 'was not tried: a newer one of its kind would be refused again',
  }))
  tell({ verb: 'requeued', dryRun: false, done: [], stay: [...plan.stay, ...stay], unknown: [], parked: true }, json)
  const kinds = whys.slice(0, shownKinds).map(({ letter, why }) => `${letter.id} ${why && wouldBeRefused(why)}`)
  const more = whys.length > shownKinds ? [`${whys.length - shownKinds} kinds more`] : []
  throw new Problem(
    `${dataset} stays parked: what came last ${printable([...kinds, ...more].join('; '))}. ${adviceOn(dataset)} With --anyway it is released now, and what can be read is requeued.`,
  )
}

const shownKinds = 3

const wouldBeRefused = ({ reason, message }: TriedRefusal): string => `would be refused again (${reason}: ${message})`

/** Those that this release takes, and why the others stay. */
async function withoutRefused(clients: StackClients, letters: readonly Returnable[]) {
  const progress = stepProgress(process.stderr)
  try {
    const refused = await tryLetters(clients, letters, (done) => progress.show('letters tried', done, letters.length))
    const stay = letters.flatMap(({ letter }): Staying[] => {
      const why = refused.get(letter.id)
      return why ? [{ letter, why: wouldBeRefused(why) }] : []
    })
    return { go: letters.filter(({ letter }) => !refused.has(letter.id)), refused: stay }
  } finally {
    progress.stop()
  }
}

const adviceOn = (dataset: string): string =>
  `What this release cannot read stays: mend explode, restart, and release ${dataset} once more, or give it up by \`npx tidemark dlq drop --reason parked --key ${dataset} --why '...'\`.`

const parkingOf = ({ parked }: NormalizerStatus, dataset: string) => parked.find((one) => one.dataset === dataset)

/** Says on the topic that the dataset is released, and waits until the normalizer has heard of it. */
async function unpark(
  { kafka, registry }: StackClients,
  stack: StackFile,
  dataset: string,
  { by, why }: { by: string; why: string },
): Promise<void> {
  const encode = await registry.encoder(parkingTopic.name, 'Parking')
  const producer = await openProducer(kafka)
  const parking = { dataset, parked: false, reason: 'released', message: why, by, at: Date.now() }
  try {
    await producer.send(parkingTopic.name, [{ key: dataset, value: encode(parking) }])
  } finally {
    await producer.disconnect()
  }
  for (const endMs = Date.now() + patienceMs; ; await pause(lookEveryMs)) {
    const status = await normalizerStatus(stack).catch(() => undefined)
    if (status && !parkingOf(status, dataset)) return
    if (Date.now() > endMs) {
      throw new Problem(
        `${dataset} is released, but the normalizer has not said so yet: do it again to requeue its letters.`,
      )
    }
  }
}
