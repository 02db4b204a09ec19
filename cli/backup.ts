import { resolve } from 'node:path'
import { Command } from 'commander'
import type { Manifest } from '#core/known-backups.ts'
import { backUp, lowerPriority } from '#local/backup.ts'
import { sourceOf } from '#local/data-directory.ts'
import { shellWord } from '#local/shell-word.ts'
import { dataDirectory, dataOption, defaultDataDir } from './directories.ts'
import { stepProgress } from './step-progress.ts'

export const backup = (): Command =>
  new Command('backup')
    .description('copy a stack, its store, topics and registry as one unit, into a new directory')
    .argument('<to>', 'the directory to make; it appears when all is copied and compared')
    .option('--running', 'copy a running stack: Kafka, registry and store pause for less than a second')
    .option('--data <dir>', 'data directory to copy (default: .tidemark/live, else .tidemark/simulated)', dataDirectory)
    .option('--json', 'print what was copied as JSON')
    .addHelpText(
      'after',
      '\nWithout --running, stop the stack first: `npx tidemark down`, backup, `npx tidemark up`.\nWith BACKUP_DIRECTORY set, a running stack makes backups by itself (docs/operations.md).',
    )
    .action(run)

async function run(to: string, options: { data?: string; json?: boolean; running?: boolean }): Promise<void> {
  const dataDir =
    options.data ?? (sourceOf(defaultDataDir('live')) ? defaultDataDir('live') : defaultDataDir('simulated'))
  const progress = stepProgress(process.stderr)
  const manifest = await backUp({
    ...{ dataDir, to, environment: process.env, progress: progress.show, running: options.running ?? false },
    onWait: (pid) => progress.say(`waiting for the end of the backup that process ${pid} makes (Ctrl-C stops waiting)`),
    afterPause: lowerPriority,
  }).finally(progress.stop)
  if (options.json) return void process.stdout.write(`${JSON.stringify(summaryOf(manifest, resolve(to)))}\n`)
  const { id, pausedMs } = manifest
  const paused = pausedMs === undefined ? '' : `; Kafka, registry and store paused for ${pausedMs} ms`
  process.stdout.write(`${partLines(manifest)}\nbackup ${id} of ${resolve(dataDir)} is in ${resolve(to)}${paused}\n`)
  const goesOn = options.running ? '' : `; \`npx tidemark up${dataOption(dataDir)}\` goes on`
  process.stderr.write(
    `\`npx tidemark restore ${shellWord(resolve(to))} --data NEW\` makes a data directory of it${goesOn}.\n`,
  )
}

export function partLines({ parts }: Manifest): string {
  const rows = Object.entries(parts).map(([name, { files, bytes }]) => {
    return `  ${name.padEnd(28)}${String(files).padStart(6)} files ${(bytes / 1024 / 1024).toFixed(1).padStart(10)} MiB`
  })
  return rows.join('\n')
}

/** Returns the manifest for --json, with the number of files in place of their list. */
export function summaryOf({ files, ...manifest }: Manifest, path: string) {
  return { path, ...manifest, files: Object.keys(files).length }
}
