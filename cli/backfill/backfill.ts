import { Command } from 'commander'
import { datasetNames, findDataset } from '#core/find-dataset.ts'
import { type BackfillEvents, backfill as backfillDays } from '#operations/backfill/backfill.ts'
import type { BackfillReport } from '#operations/backfill/report.ts'
import { abortWhenStackStops } from '../abort-when-stack-stops.ts'
import { dataDirectory, findRunningStack } from '../directories.ts'
import { pollerStatus } from '../poller-status.ts'
import { connectTo } from '../stack-clients.ts'
import { createProgress, type Progress } from './backfill-progress.ts'

interface BackfillOptions {
  from: string
  to: string
  data?: string
  json?: boolean
  confirmEmpty?: boolean
}

/** Timeout after which backfill gives up when the stack is gone, ms. A restart of the stack takes less. */
const goneAfterMs = 10_000

export const backfill = (): Command =>
  new Command('backfill')
    .description('fetch windows of the past, also those that are held; returns when their rows can be queried')
    .argument('<dataset>', datasetNames())
    .requiredOption('--from <day>', "first day, YYYY-MM-DD, in the dataset's zone")
    .requiredOption('--to <day>', 'last day, included')
    .option(
      '--confirm-empty',
      'believe at once that a window is empty which upstream answers without rows: it withdraws every value of that window',
    )
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print what came of it as JSON')
    .addHelpText(
      'after',
      '\nOf what upstream no longer has the values stay. A window that ended at most REVISIT_DAILY_DAYS ago is asked for again, and a second empty answer at least 10 minutes later withdraws them; of an older one --confirm-empty alone does. They stay known as of the time before, and come back with the next answer that has rows.\nExit code 1 when a window could not be fetched; one that had nothing yet, or only a part, is named and no error.\nCan be interrupted and started again: the poller goes on with what was asked for.',
    )
    .action(run)

async function run(name: string, options: BackfillOptions): Promise<void> {
  const stack = findRunningStack(options.data)
  const report = await abortWhenStackStops(stack, goneAfterMs, async (gone) => {
    const sourced = findDataset(name)
    const { kafka, registry, store } = connectTo(stack, 'backfill')
    const parts = { kafka, registry, store, pollerStatus: () => pollerStatus(stack) }
    const { from, to, confirmEmpty: confirmsEmpty = false } = options
    const shown = showing(options.json ?? false, gone)
    try {
      return await backfillDays(
        parts,
        { ...sourced, from, to, confirmsEmpty, requestedBy: 'tidemark backfill' },
        shown,
        gone,
      )
    } finally {
      shown.stop()
      await store.close()
    }
  })
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : reportText(report))
  if (report.failed.length > 0) process.exitCode = 1
}

function showing(json: boolean, gone: AbortSignal): BackfillEvents & { stop: () => void } {
  let progress: Progress | undefined
  const stop = (): void => {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
    progress?.stop()
    progress = undefined
  }
  const interrupted = (): void => {
    progress?.stop()
    process.stderr.write('interrupted: the poller goes on with what was asked for; start it again to see the end\n')
    process.exit(130)
  }
  gone.addEventListener('abort', stop)
  return {
    pollerIsAway: () => void process.stderr.write('the poller does not answer: waiting for it\n'),
    requested: (windows) => {
      progress = createProgress(windows, process.stderr)
      process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
    },
    progress: (reached) => progress?.show(reached),
    fetched: () => {
      stop()
      if (!json) process.stderr.write('fetched; waiting until the rows can be queried\n')
    },
    stop,
  }
}

export function reportText(report: BackfillReport): string {
  const { dataset, from, to, windows, changed, unchanged, empty, confirmedEmpty, partial, failed } = report
  const lines = [
    `${dataset} ${from} to ${to}: ${windows === 1 ? '1 window' : `${windows} windows`} asked for, ${changed} new or changed, ${unchanged} unchanged`,
    ...(empty.length > 0 ? [`nothing published: ${empty.join(', ')}`] : []),
    ...(confirmedEmpty === undefined ? [] : [confirmedText(confirmedEmpty)]),
    ...(partial.length > 0 ? [`only a part published: ${partial.join(', ')}`] : []),
    ...failed.map(({ day, reason }) => `could not be fetched: ${day} (${reason})`),
  ]
  return `${lines.join('\n')}\n`
}

function confirmedText(days: readonly string[]): string {
  if (days.length === 0) return 'no window confirmed empty, no value withdrawn'
  const windows = days.length === 1 ? '1 window' : `${days.length} windows`
  return `${windows} confirmed empty, all values withdrawn: ${days.join(', ')}`
}
