import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError, Option } from 'commander'
import { datasetsOff, type ScheduleOverrides, scheduleSettings } from '#core/dataset-schedules.ts'
import { checkSettings } from '#local/check-settings.ts'
import { type SourceKind, sourceOf } from '#local/data-directory.ts'
import { killAllChildren } from '#local/guarded-process.ts'
import { defaultPortBase, portsOfAStack } from '#local/ports.ts'
import { type StackOptions, startStack } from '#local/stack.ts'
import type { StackFile } from '#local/stack-file.ts'
import { readConfig } from '#platform/process/config.ts'
import { UserError } from '#platform/process/user-error.ts'
import { sources } from '#sources/index.ts'
import { chooseSource, unreachableHosts } from './choose-source.ts'
import { dataDirectory, dataOptionFor, defaultDataDir } from './directories.ts'
import { sampleQueries } from './sample-queries.ts'
import { onStopSignals } from './stop-signals.ts'

interface UpOptions {
  detach?: boolean
  data?: string
  source?: SourceKind
  portBase: number
  backfill: boolean
  json?: boolean
}

export const up = (): Command =>
  new Command('up')
    .description('start everything on this machine and go on polling, until Ctrl-C or `tidemark down`')
    .option('--detach', 'return when all is healthy, and leave it running')
    .option('--data <dir>', 'data directory (default: .tidemark/live or .tidemark/simulated, by source)', dataDirectory)
    .addOption(
      new Option('--source <source>', 'live, or the simulator (default: live if it answers)').choices([
        'live',
        'simulated',
      ]),
    )
    .option('--port-base <n>', `first of ${portsOfAStack} ports to use`, portBase, defaultPortBase)
    .option('--no-backfill', 'do not fetch the past month unasked')
    .option('--json', 'print the endpoints as JSON')
    .action(run)

function portBase(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1024 || port + portsOfAStack > 65_536)
    throw new InvalidArgumentError(`a port from 1024 to ${65_536 - portsOfAStack}.`)
  return port
}

async function run(options: UpOptions): Promise<void> {
  const tell = (line: string): void => {
    if (process.send === undefined) process.stderr.write(`${line}\n`)
    else if (process.connected) process.send({ line } satisfies DetachedMessage, () => undefined)
  }
  checkSettings(process.env)
  const source = options.source ?? (await decideSource(options.data, tell))
  const stackOptions: StackOptions = {
    dataDir: options.data ?? defaultDataDir(source),
    source,
    portBase: options.portBase,
    ...(!options.backfill && { backfillDays: 0 }),
    environment: process.env,
    tell,
  }
  if (options.detach) return announce(await startDetached(stackOptions), options)
  const file = await runHere(stackOptions).catch((error: Error) => {
    if (process.connected) process.send?.({ problem: error.message } satisfies DetachedMessage)
    throw error
  })
  if (file === undefined) return
  if (process.connected) process.send?.({ ready: file } satisfies DetachedMessage)
  else announce(file, options)
}

type DetachedMessage = { line: string } | { ready: StackFile } | { problem: string }

/**
 * Starts `up` in a detached process, and returns when its stack is ready. Until then, Ctrl-C stops the process.
 * @throws UserError with the reason if the stack does not start
 */
async function startDetached(options: StackOptions): Promise<StackFile> {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const backfill = options.backfillDays === 0 ? ['--no-backfill'] : []
  const place = ['--data', options.dataDir, '--source', options.source, '--port-base', String(options.portBase)]
  const child = spawn(process.execPath, [main, 'up', ...place, ...backfill], {
    env: options.environment,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    detached: true,
  })
  const stop = (): void => void child.kill('SIGTERM')
  process.on('SIGINT', stop).on('SIGTERM', stop)
  let problem = `The detached stack ended while it started; see ${options.dataDir}/logs/stack.log.`
  try {
    return await new Promise<StackFile>((resolve, reject) => {
      child.on('message', (message: DetachedMessage) => {
        if ('line' in message) options.tell(message.line)
        else if ('problem' in message) problem = message.problem
        else resolve(message.ready)
      })
      child.once('error', reject)
      child.once('exit', () => reject(new UserError(problem)))
    })
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
    child.removeAllListeners()
    if (child.connected) child.disconnect()
    child.unref()
  }
}

/** Starts a stack in this process. Returns undefined if a signal stopped the stack before it was ready. */
async function runHere(options: StackOptions): Promise<StackFile | undefined> {
  options.tell(`starting in ${options.dataDir} (${options.source})`)
  const starting = await startStack(options)
  let stopped = false
  onStopSignals({
    first: async () => {
      stopped = true
      options.tell('stopping (once more to stop at once) …')
      await starting.stop()
      options.tell('stopped')
      process.exit(0)
    },
    second: async () => {
      await killAllChildren()
      process.exit(130)
    },
  })
  const silent =
    options.source === 'live'
      ? unreachableHosts(sources, options.environment, datasetsOff(schedulesOf(options.environment)))
      : []
  try {
    const { file } = await starting.started
    for (const line of await silent) {
      const status = `\`npx tidemark status${dataOptionFor(file)}\``
      options.tell(`✘ ${line} (tried again and again: ${status} shows how it stands)`)
    }
    return file
  } catch (error) {
    if (stopped) return undefined
    await starting.stop()
    throw error
  }
}

const schedulesOf = (environment: NodeJS.ProcessEnv): ScheduleOverrides =>
  readConfig(scheduleSettings, environment).DATASET_SCHEDULES

async function decideSource(data: string | undefined, tell: (line: string) => void): Promise<SourceKind> {
  const remembered = data ? sourceOf(data) : undefined
  if (remembered !== undefined) return remembered
  const { source, because } = await chooseSource(sources, process.env)
  if (because !== undefined) {
    const where = data ?? defaultDataDir(source)
    tell(`${because}: starting with the SIMULATOR; its data is labelled and stored apart, in ${where}`)
  }
  return source
}

function announce(file: StackFile, options: UpOptions): void {
  if (options.json) return void process.stdout.write(`${JSON.stringify({ ...file.endpoints, ...identity(file) })}\n`)
  const { kafka, registry, clickhouse, simulator, api, console, health } = file.endpoints
  const password = clickhouse.passwordFile
    ? `passwords of ${clickhouse.user} and reader in ${clickhouse.passwordFile}`
    : ''
  const dataOption = dataOptionFor(file)
  const lines = [
    '',
    `tidemark ${file.version} runs, source ${file.source.toUpperCase()}, data in ${file.dataDir}`,
    `  Kafka              ${kafka}`,
    `  schema registry    ${registry}`,
    `  ClickHouse         ${clickhouse.url}  user ${clickhouse.user}, database tidemark`,
    ...(password ? [`                     ${password}`] : []),
    `  console            ${console}/`,
    `  API                ${api}/api/v1`,
    ...(simulator ? [`  simulator          ${simulator}`] : []),
    ...Object.entries(health).map(([name, url]) => `  ${`${name} health`.padEnd(19)}${url}/ready`),
    '',
    ...sampleQueries(sources, Date.now(), dataOption, schedulesOf(process.env)).flatMap(({ title, command }) => [
      title,
      `  ${command}`,
    ]),
    '',
    options.detach
      ? `\`npx tidemark status${dataOption}\` shows it, \`npx tidemark down${dataOption}\` stops it.`
      : 'Ctrl-C stops it.',
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

const identity = ({ version, pid, dataDir, source, portBase }: StackFile) => ({
  version,
  pid,
  dataDir,
  source,
  portBase,
})
