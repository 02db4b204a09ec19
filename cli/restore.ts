import { resolve } from 'node:path'
import { Command } from 'commander'
import { deletionsFile, readDeletions } from '#local/deletions-file.ts'
import { restore as restoreBackup } from '#local/restore.ts'
import { utcText } from '#platform/process/utc-text.ts'
import { partLines, summaryOf } from './backup.ts'
import { dataDirectory, dataOption } from './directories.ts'
import { stepProgress } from './step-progress.ts'

export const restore = (): Command =>
  new Command('restore')
    .description('make a data directory out of a backup, ready for `up`')
    .argument('<from>', 'the directory that `backup` made; it is only read')
    .requiredOption('--data <dir>', 'the data directory to make: a new or an empty one', dataDirectory)
    .option('--json', 'print what was restored as JSON')
    .addHelpText('after', '\nWhat was deleted since the backup was made is removed again at the next `up`.')
    .action(run)

async function run(from: string, options: { data: string; json?: boolean }): Promise<void> {
  const progress = stepProgress(process.stderr)
  const { data } = options
  const manifest = await restoreBackup({ from, dataDir: data, progress: progress.show }).finally(progress.stop)
  if (options.json) return void process.stdout.write(`${JSON.stringify(summaryOf(manifest, resolve(data)))}\n`)
  const noted = readDeletions(deletionsFile(resolve(data))).map(({ dataset, before }) => {
    return `  ${dataset} before ${utcText(before)} is deleted again at the next start`
  })
  const lines = [partLines(manifest), ...noted, `${resolve(data)} holds what was backed up at ${manifest.at}`]
  process.stdout.write(`${lines.join('\n')}\n`)
  process.stderr.write(`\`npx tidemark up${dataOption(data)}\` goes on from there.\n`)
}
