import { createInterface } from 'node:readline/promises'
import { Command } from 'commander'
import { datasetsByName } from '#core/datasets.ts'
import type { StackFile } from '#local/stack-file.ts'
import { storedVersions } from '#operations/history/diff-tables.ts'
import { beginRebuild, resumeObstacle, runRebuild } from '#operations/history/rebuild.ts'
import { openReplayLog, readReplays } from '#operations/history/replay-log.ts'
import { type DatasetDiff, wouldChange } from '#operations/history/stage.ts'
import { refuseOlderVersion } from '#operations/normalizer/versions.ts'
import { openProducer } from '#platform/kafka/produce.ts'
import { UserError } from '#platform/process/user-error.ts'
import type { Replay } from '#schemas/generated/records.ts'
import { abortWhenStackStops } from './abort-when-stack-stops.ts'
import { dataDirectory, findRunningStack } from './directories.ts'
import { requireSameNormalizer } from './normalizer-versions.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { beginsText, dryRunText } from './replay-report.ts'
import { connectTo } from './stack-clients.ts'
import { readingInto, stepProgress } from './step-progress.ts'
import { withParts } from './with-parts.ts'

interface RebuildOptions {
  yes?: boolean
  resume?: string
  why?: string
  data?: string
  json?: boolean
}

const notAgreedCode = 3
const goneAfterMs = 10_000

export const rebuild = (): Command =>
  new Command('rebuild')
    .description(
      'make the tables of points and accepted answers anew from raw, beside the old, and exchange them; readers see no hole',
    )
    .option('--yes', 'exchange them also when they differ from the old')
    .option('--resume <id>', 'go on with a rebuild that was interrupted')
    .option('--why <text>', 'the reason, for the audit in table and topic replays')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print what came of it as JSON')
    .addHelpText(
      'after',
      "\nRows whose raw record is gone are copied as they are; polls, replays and records of a source's own (constraints, votes)\nare not touched. Where the new tables differ it says how and asks; without a terminal and without --yes it then changes\nnothing and exits 3. Once agreed to, it is finished by --resume without being asked again.",
    )
    .action(run)

async function run(options: RebuildOptions): Promise<void> {
  const stack = findRunningStack(options.data)
  await requireSameNormalizer(
    stack,
    [...datasetsByName.values()].map(({ dataset }) => dataset),
  )
  await oneAtATime(stack, 'rebuild', () => rebuildIn(stack, options))
}

async function rebuildIn(stack: StackFile, options: RebuildOptions): Promise<void> {
  const work = async () => {
    const clients = connectTo(stack, 'rebuild')
    const producer = await openProducer(clients.kafka)
    const parts = { ...clients, producer }
    const progress = stepProgress(process.stderr)
    try {
      const stored = await storedVersions(clients.store, [...datasetsByName.keys()])
      for (const { dataset } of datasetsByName.values()) refuseOlderVersion(dataset, stored.get(dataset.name) ?? 0)
      const log = await openReplayLog(clients.registry, producer)
      const open = (await readReplays(clients.kafka, clients.registry)).filter(({ kind, state }) => {
        return kind === 'rebuild' && (state === 'started' || state === 'published')
      })
      if (options.resume === undefined) {
        for (const each of open) await log.write(each, { state: 'failed', message: 'dropped: another rebuild began' })
      }
      const job =
        options.resume === undefined
          ? await beginRebuild(parts, log, options.why ?? '')
          : interrupted(open, options.resume)
      const whyNot = await resumeObstacle(parts, job)
      if (whyNot) throw new UserError(`Rebuild ${job.id} cannot be resumed (${whyNot}): start a new one.`)
      progress.say(beginsText('rebuild', job.id, ''))
      let found: DatasetDiff[] = []
      const last = await runRebuild(parts, log, {
        ...{ rebuild: job, progress: readingInto(progress), say: progress.say },
        agree: async (all) => {
          progress.stop()
          found = all
          return agreed(all, options)
        },
      })
      if (options.json) process.stdout.write(`${JSON.stringify({ rebuild: last, found })}\n`)
      else process.stdout.write(`rebuild ${last.id}: ${last.message}\n`)
      if (last.state !== 'finished') process.exitCode = notAgreedCode
    } finally {
      progress.stop()
      await producer.disconnect()
      await clients.store.close()
    }
  }
  await abortWhenStackStops(stack, goneAfterMs, () => withParts(stack, work))
}

/** Returns true to exchange the tables. If they differ, shows how, and asks on a terminal unless --yes is given. */
async function agreed(found: DatasetDiff[], options: RebuildOptions): Promise<boolean> {
  const different = found.filter(wouldChange)
  if (different.length === 0) return true
  process.stderr.write(different.map((found) => dryRunText(found)).join('\n'))
  if (options.yes) return true
  if (!process.stdin.isTTY) {
    process.stderr.write('the new tables differ from the old: --yes exchanges them all the same\n')
    return false
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await lines.question('Exchange the tables? (yes/no) ')).trim())
  } finally {
    lines.close()
  }
}

function interrupted(open: Replay[], id: string): Replay {
  const found = open.find((known) => known.id === id)
  if (found) return found
  const names = open.map((known) => known.id).join(', ') || 'none'
  throw new UserError(`There is no interrupted rebuild ${id}; not finished: ${names}.`)
}
