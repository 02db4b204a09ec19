// What the commands of alerts have in common: their options, clients, and how they read and print.
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import type { StackFile } from '#local/stack-file.ts'
import type { AlertParts } from '#operations/alerts/rules.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import { UserError } from '#platform/process/user-error.ts'
import { abortWhenStackStops } from '../abort-when-stack-stops.ts'
import { dataDirectory, findRunningStack } from '../directories.ts'
import { connectTo, openReader } from '../stack-clients.ts'
import { stackNowMs } from '../stack-now.ts'

export interface AlertOptions {
  data?: string
  json?: boolean
}

export interface AlertClients extends AlertParts {
  store: Store
  /** The store as an account that may only read: it runs the queries of rules. */
  reader: Store
  stack: StackFile
  /** The pollers' clock, ms UTC. */
  nowMs: () => Promise<number>
}

const goneAfterMs = 10_000

export const withOptions = (command: Command): Command =>
  command
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print it as JSON')

/** Runs `work` with the stack's clients. @throws UserError if the stack has stopped; errors of `work` */
export function withAlerts<T>({ data }: AlertOptions, work: (clients: AlertClients) => Promise<T>): Promise<T> {
  const stack = findRunningStack(data)
  return abortWhenStackStops(stack, goneAfterMs, async () => {
    const { kafka, registry, store } = connectTo(stack, 'alerts')
    const log = { warn: (_fields: unknown, text: string) => void process.stderr.write(`${text}\n`) }
    const reader = openReader(stack)
    const clients = {
      kafka,
      registry,
      store,
      reader,
      stack,
      log: log as AlertParts['log'],
      nowMs: () => stackNowMs(stack),
    }
    return work(clients).finally(() => Promise.all([store.close(), reader.close()]))
  })
}

export const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`)

/** Reads JSON of a file, or of standard input for `-`. @throws UserError */
export async function readWritten(file: string): Promise<unknown> {
  let written: string
  try {
    written = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8')
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${(error as Error).message}`)
  }
  try {
    return JSON.parse(written)
  } catch (error) {
    throw new UserError(`${file} is not JSON: ${(error as Error).message}`)
  }
}
