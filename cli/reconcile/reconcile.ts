import { Command } from 'commander'
import { businessDay } from '#core/business-day.ts'
import { parseDay } from '#core/day.ts'
import { datasetNames, findDataset } from '#core/find-dataset.ts'
import { everKnown, type Span } from '#core/reconcile/answer-spans.ts'
import type { StackFile } from '#local/stack-file.ts'
import { type Reconciliation, reconcile } from '#operations/reconcile/reconcile.ts'
import { UserError } from '#platform/process/user-error.ts'
import { abortWhenStackStops } from '../abort-when-stack-stops.ts'
import { openReader } from '../ask-store.ts'
import { dataDirectory, dataOptionFor, findRunningStack } from '../directories.ts'
import { connectTo } from '../stack-clients.ts'
import { stepProgress } from '../step-progress.ts'
import { withParts } from '../with-parts.ts'
import { isComplete, reconciliationJson, reconciliationText } from './reconcile-report.ts'

interface ReconcileOptions {
  from?: string
  to?: string
  data?: string
  json?: boolean
}

const missingCode = 3
const goneAfterMs = 10_000

export const reconcileCommand = (): Command =>
  new Command('reconcile')
    .description(
      'check that every point of every accepted answer is stored, and say which are missing; changes nothing',
    )
    .argument('[dataset]', `${datasetNames()}; default: all`)
    .option('--from <day>', 'first day on which answers became known, YYYY-MM-DD, UTC (default: the first there is)')
    .option('--to <day>', 'last such day, included (default: the last there is)')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print what was found as JSON')
    .addHelpText(
      'after',
      '\nCompares the number of points that each answer in `stored_answers` has with its rows in `point_revisions`. What was\ndeleted, refused or replaced by a replay is not missing. Exit code 0 when everything is accounted for, 3 when points or\nanswers are missing; it then names them, and the replay that stores them again.',
    )
    .action(run)

async function run(name: string | undefined, options: ReconcileOptions): Promise<void> {
  const dataset = name === undefined ? undefined : findDataset(name).dataset.name
  const known = knownDays(options.from, options.to)
  const stack = findRunningStack(options.data)
  const work = () => reconcileIn(stack, dataset, known)
  const found = await abortWhenStackStops(stack, goneAfterMs, () => withParts(stack, work))
  process.stdout.write(
    options.json ? `${JSON.stringify(reconciliationJson(found))}\n` : reconciliationText(found, dataOptionFor(stack)),
  )
  if (!isComplete(found)) process.exitCode = missingCode
}

async function reconcileIn(stack: StackFile, dataset: string | undefined, known: Span): Promise<Reconciliation> {
  const clients = connectTo(stack, 'reconcile')
  const store = openReader(stack)
  const progress = stepProgress(process.stderr)
  try {
    return await reconcile(
      { ...clients, store },
      {
        ...{ dataset, known, say: progress.say },
        onProgress: (done, of) => progress.show('datasets compared', done, of),
      },
    )
  } finally {
    progress.stop()
    await Promise.all([clients.store.close(), store.close()])
  }
}

/**
 * Returns the span of the UTC days `from` to `to`, inclusive. A missing day leaves its side unbounded.
 * @throws UserError if a day is invalid, or if `from` is after `to`
 */
function knownDays(from: string | undefined, to: string | undefined): Span {
  const first = from === undefined ? undefined : parseDay('--from', from)
  const last = to === undefined ? undefined : parseDay('--to', to)
  if (first !== undefined && last !== undefined && first > last) {
    throw new UserError(`--from ${first} is after --to ${last}: the first day comes first.`)
  }
  return {
    fromMs: first === undefined ? everKnown.fromMs : businessDay('UTC', first).window.startMs,
    toMs: last === undefined ? everKnown.toMs : businessDay('UTC', last).window.endMs - 1,
  }
}
