import { Command } from 'commander'
import { Problem } from '#infra/local/problem.ts'
import { RefusedSend } from '#platform/kafka/send-errors.ts'
import { ConfigError } from '#platform/process/config.ts'
import { version } from '#platform/process/version.ts'
import { backfill } from './backfill/backfill.ts'
import { backup } from './backup.ts'
import { catalogue } from './catalogue/catalogue.ts'
import { deleteCommand } from './delete/delete.ts'
import { dlq } from './dlq/dlq.ts'
import { down } from './down.ts'
import { endSaying } from './end-saying.ts'
import { explain } from './explain/explain.ts'
import { ingest } from './ingest/ingest.ts'
import { newSource } from './new-source/new-source.ts'
import { outliers } from './outliers.ts'
import { query } from './query.ts'
import { rebuild } from './rebuild.ts'
import { replay } from './replay.ts'
import { restore } from './restore.ts'
import { resume } from './resume.ts'
import { status } from './status.ts'
import { up } from './up.ts'

const program = new Command('tidemark')
  .description('Public market data, kept as it came and queryable as it was known at any moment')
  .version(version)
  .showHelpAfterError('(--help says what there is)')
const commands = [
  up,
  down,
  status,
  catalogue,
  newSource,
  backfill,
  resume,
  query,
  explain,
  replay,
  rebuild,
  dlq,
  backup,
  restore,
  deleteCommand,
  ingest,
  outliers,
]
for (const command of commands) program.addCommand(command())

// Whoever reads may stop reading (`| head`): no error of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return
    throw error
  })
}

try {
  await program.parseAsync()
} catch (error) {
  const known = [Problem, ConfigError, RefusedSend].some((type) => error instanceof type)
  const { message, stack } = error instanceof Error ? error : new Error(`${error}`)
  const text = `tidemark: ${known ? message : stack}\n`
  endSaying(text, process)
}
