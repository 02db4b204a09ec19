import { Command } from 'commander'
import { Problem } from '#infra/local/problem.ts'
import type { StackFile } from '#infra/local/stack-file.ts'
import { parkedReason } from '#platform/kafka/dead-letter.ts'
import { openProducer } from '#platform/kafka/produce.ts'
import { groupPasses } from '#platform/kafka/progress.ts'
import { pause } from '#platform/process/retry.ts'
import { whoAmI } from '#platform/process/who.ts'
import { deadLetterTopic, parkingTopic, rawTopic } from '#schemas/topics.ts'
import { dataDirectory } from '../directories.ts'
import { datasetNames, findDataset } from '../find-dataset.ts'
import { type NormalizerStatus, normalizerStatus } from '../normalizer-status.ts'
import { printable } from '../printable.ts'
import type { StackClients } from '../stack-clients.ts'
import { tell } from './outcome.ts'
import { planRequeue } from './plan.ts'
import { readLetters } from './read-letters.ts'
import { requeuePlanned, targetsOf } from './requeue.ts'
import { withStack } from './with-stack.ts'

interface ReleaseOptions {
  why: string
  data?: string
  json?: boolean
}

const patienceMs = 30_000
const lookEveryMs = 200

export const release = (): Command =>
  new Command('release')
    .description('release a parked dataset, and requeue its letters that nobody looked at because it was parked')
    .argument('<dataset>', datasetNames())
    .option('--why <text>', 'for the record', 'released')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print what came of it as JSON')
    .addHelpText(
      'after',
      '\nExit code 1 when a letter stays, or the dataset was parked again. Letters refused before it was parked stay: `requeue` them.',
    )
    .action(run)

async function run(dataset: string, options: ReleaseOptions): Promise<void> {
  const { source } = findDataset(dataset)
  await withStack(options.data, async (clients, stack) => {
    const { kafka } = clients
    const decider = { by: whoAmI(), why: options.why }
    const wasParked = parkingOf(await normalizerStatus(stack), dataset) !== undefined
    if (wasParked) await unpark(clients, stack, dataset, decider)
    // A batch that was being judged while it was released may still make parked letters.
    const passed = () => {
      process.stderr.write('waiting until the normalizer has passed what lies before it\n')
      return groupPasses(kafka, 'normalizer', rawTopic(source.name).name)
    }
    if (wasParked) await passed()
    const letters = (await readLetters(kafka, [deadLetterTopic(source.name).name])).filter(
      (letter) => letter.decision === undefined && letter.reason === parkedReason && letter.dataset === dataset,
    )
    if (!wasParked && letters.length === 0) process.stderr.write(`${dataset} is not parked\n`)
    const targets = await targetsOf(kafka, letters)
    const plan = planRequeue(letters, { targets, parked: new Set(), again: false })
    const { done, stay } = await requeuePlanned(kafka, plan, decider)
    if (done.length > 0) await passed()
    tell({ verb: 'requeued', dryRun: false, done, stay, unknown: [] }, options.json)
    const status = await normalizerStatus(stack).catch(() => undefined)
    const parked = status && parkingOf(status, dataset)
    if (parked) throw new Problem(`${dataset} was parked again: ${printable(parked.message)}.`)
  })
}

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
