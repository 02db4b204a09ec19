import { Command } from 'commander'
import { version } from '#platform/process/version.ts'
import { exitWithMessage } from './exit-with-message.ts'

// Commands are loaded on demand, because loading all of them takes half a second.
const commands = new Map<string, () => Promise<() => Command>>(
  Object.entries({
    up: async () => (await import('./up.ts')).up,
    down: async () => (await import('./down.ts')).down,
    status: async () => (await import('./status.ts')).status,
    catalogue: async () => (await import('./catalogue/catalogue.ts')).catalogue,
    'new-source': async () => (await import('./new-source/new-source.ts')).newSource,
    backfill: async () => (await import('./backfill/backfill.ts')).backfill,
    resume: async () => (await import('./resume.ts')).resume,
    query: async () => (await import('./query.ts')).query,
    report: async () => (await import('./report/report.ts')).report,
    explain: async () => (await import('./explain/explain.ts')).explain,
    reconcile: async () => (await import('./reconcile/reconcile.ts')).reconcileCommand,
    replay: async () => (await import('./replay.ts')).replay,
    rebuild: async () => (await import('./rebuild.ts')).rebuild,
    alerts: async () => (await import('./alerts/alerts.ts')).alerts,
    dlq: async () => (await import('./dlq/dlq.ts')).dlq,
    backup: async () => (await import('./backup.ts')).backup,
    restore: async () => (await import('./restore.ts')).restore,
    delete: async () => (await import('./delete.ts')).deleteCommand,
    ingest: async () => (await import('./ingest/ingest.ts')).ingest,
    outliers: async () => (await import('./outliers.ts')).outliers,
    open: async () => (await import('./open.ts')).open,
    token: async () => (await import('./token.ts')).token,
  }),
)

const program = new Command('tidemark')
  .description('Public market data, kept as it came and queryable as it was known at any moment')
  .version(version)
  .showHelpAfterError('(--help says what there is)')
const [, , first = '', second = ''] = process.argv
const named = commands.get(first)
for (const load of named ? [named] : commands.values()) program.addCommand((await load())())

// A program such as `head` may close the pipe early. This is not an error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return
    throw error
  })
}

try {
  await refuseUnknown(first === 'help' ? second : first)
  const { sayUsageErrors } = await import('./usage.ts')
  for (const command of program.commands) sayUsageErrors(command, command.name())
  await program.parseAsync()
} catch (error) {
  const known = await isForPeople(error)
  const { message, stack } = error instanceof Error ? error : new Error(`${error}`)
  const text = `tidemark: ${known ? message : stack}\n`
  exitWithMessage(text, process)
}

async function refuseUnknown(name: string): Promise<void> {
  if (name === '' || name === 'help' || name.startsWith('-') || commands.has(name)) return
  const { UserError } = await import('#platform/process/user-error.ts')
  const { unknownCommand } = await import('./usage.ts')
  throw new UserError(unknownCommand(name, [...commands.keys()]))
}

/** Returns true if the message is meant for users. For other errors, the command also prints the stack trace. */
async function isForPeople(error: unknown): Promise<boolean> {
  const { UserError } = await import('#platform/process/user-error.ts')
  const { ConfigError } = await import('#platform/process/config.ts')
  const { RefusedSend } = await import('#platform/kafka/send-errors.ts')
  return [UserError, ConfigError, RefusedSend].some((type) => error instanceof type)
}
