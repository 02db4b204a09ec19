import { Command } from 'commander'
import { applyStatement, MigrationError } from '#platform/clickhouse/migrate.ts'
import { UserError } from '#platform/process/user-error.ts'
import { type OutlierWeek, outlierWeeks, selectOutlierWeeks } from '#sources/votes/outlier-weeks.ts'
import { aligned } from './aligned.ts'
import { rowsOf } from './ask-store.ts'
import { dataDirectory, findRunningStack } from './directories.ts'
import { connectTo } from './stack-clients.ts'

interface OutliersOptions {
  data?: string
  json?: boolean
}

export const outliers = (): Command =>
  new Command('outliers')
    .description(
      'make the view blog_analysis.outlier_weeks anew and print it: weeks with far more or fewer votes than the others',
    )
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print the weeks as JSON')
    .addHelpText(
      'after',
      '\nAn outlier is a week whose number of votes differs by more than a fifth from the mean of all weeks that have votes.\nWeeks begin on Monday; the days of a year before its first Monday are its week 0. A week is counted in its year.',
    )
    .action(run)

async function run(options: OutliersOptions): Promise<void> {
  const stack = findRunningStack(options.data)
  const { store } = connectTo(stack, 'outliers')
  try {
    await applyStatement(store, outlierWeeks.name, outlierWeeks.sql)
  } catch (error) {
    if (error instanceof MigrationError) throw new UserError(`${error.message}.`)
    throw new UserError(`ClickHouse does not answer (${(error as NodeJS.ErrnoException).code ?? error}).`)
  } finally {
    await store.close()
  }
  const weeks = await rowsOf<OutlierWeek>(stack, selectOutlierWeeks)
  if (options.json) process.stdout.write(`${JSON.stringify(weeks)}\n`)
  else if (weeks.length === 0) process.stderr.write('no week stands out (or there are no votes)\n')
  else process.stdout.write(`${tableOf(weeks)}\n`)
}

function tableOf(weeks: OutlierWeek[]): string {
  const rows = weeks.map(({ Year, WeekNumber, VoteCount }) => [Year, WeekNumber, VoteCount].map(String))
  return aligned([['Year', 'WeekNumber', 'VoteCount'], ...rows]).join('\n')
}
