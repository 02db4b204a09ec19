import { kafkaVersion } from '#local/artifacts.ts'
import { type BackupStatus, backupStatus } from '#local/backup-schedule.ts'
import { kafkaResponds } from '#local/kafka-responds.ts'
import { isAlive } from '#local/process-table.ts'
import type { StackFile } from '#local/stack-file.ts'
import { countOpenLetters, type OpenDeadLetters } from '#operations/dead-letters/list.ts'
import type { NormalizerStatus } from '#operations/normalizer/status.ts'
import type { LastFailure, PollerStatus } from '#operations/poller/status.ts'
import { readSourceStates, type SourceState } from '#operations/report/source-states.ts'
import { createKafka } from '#platform/kafka/client.ts'
import { kafkaSettings, readConfig } from '#platform/process/config.ts'
import { sources } from '#sources/index.ts'
import type { Schedule } from '#sources/source.ts'
import { openReader, rowsOf } from './ask-store.ts'
import { type Lag, lagOfConsumers } from './lag.ts'
import { normalizerStatus } from './normalizer-status.ts'
import { pollerStatus } from './poller-status.ts'
import { stackNowMs } from './stack-now.ts'
import { type StoredRows, storedRows } from './stored-rows.ts'

export interface PartStatus {
  name: string
  healthy: boolean
  problem?: string
  /** Version of the part; null: unknown. */
  version: string | null
  address: string
  pid: number | null
  restarts: number
}

export interface DatasetStatus {
  dataset: string
  /** Upstream host; null if the poller does not answer, or does not know the dataset. */
  host: string | null
  /** Services in which the dataset is switched off. */
  off: ('poller' | 'normalizer')[]
  /** Why the dataset is not polled; null if it is polled, or if the poller does not answer. */
  offBecause: string | null
  /** Null if the poller does not answer. */
  schedule: Schedule | null
  lastPollAt: string | null
  lastOutcome: string | null
  /** The newest failed poll without a later success of the same request; null if there is none. */
  lastFailure: LastFailure | null
  nextDueAt: string | null
  /** Number of requested windows that wait for their poll; null: unknown. */
  askedFor: number | null
}

export interface UnfinishedReplay {
  id: string
  kind: string
  dataset: string
  who: string
  startedAt: string
}

export interface PausedHost {
  host: string
  sources: string[]
  until: string
  /** Why upstream wants a pause, for example `429, Retry-After 7200`. */
  reason: string
}

export interface UnreachableHost {
  host: string
  sources: string[]
  since: string
  /** Why the host is unreachable: a sentence with the host's name. */
  reason: string
  nextTryAt: string
}

export interface Status {
  healthy: boolean
  /** Why the stack is not healthy, one sentence each. */
  problems: string[]
  stack: Pick<StackFile, 'version' | 'pid' | 'startedAt' | 'state' | 'dataDir' | 'source' | 'endpoints'>
  parts: PartStatus[]
  /** Lags of the consumer groups. null, here and in the fields below: the part that knows it does not answer. */
  lag: Lag[] | null
  rows: Record<string, StoredRows> | null
  datasets: DatasetStatus[]
  /** What became of tomorrow's windows, by source. */
  sources: SourceState[] | null
  paused: PausedHost[] | null
  silent: UnreachableHost[] | null
  deadLetters: OpenDeadLetters[] | null
  unfinished: UnfinishedReplay[] | null
  parked: NormalizerStatus['parked'] | null
  /** Null if the list of backups cannot be read. */
  backups: BackupStatus | null
}

/** Collects the status of all parts. Does not throw: the status says which parts do not answer. */
export async function inspect(stack: StackFile, environment: NodeJS.ProcessEnv): Promise<Status> {
  const parts = await Promise.all(partsOf(stack, environment).map((part) => partStatus(stack, part)))
  const up = (name: string): boolean => parts.some((part) => part.name === name && part.healthy)
  const normalizer = orNull(normalizerStatus(stack))
  const poller = orNull(pollerStatus(stack))
  const { kafka } = stack.endpoints
  const [lag, deadLetters, rows, datasets, sourceStates, polling, normalizing, unfinished] = await Promise.all([
    up('kafka') ? orNull(lagOfConsumers(kafka, environment)) : null,
    up('kafka') ? orNull(openLetters(kafka, environment)) : null,
    up('clickhouse') ? orNull(storedRows(stack)) : null,
    datasetsOf(stack, poller, normalizer, up('clickhouse')),
    up('clickhouse') ? orNull(sourceStatesOf(stack)) : null,
    poller,
    normalizer,
    up('clickhouse') ? orNull(unfinishedReplays(stack)) : null,
  ])
  const { version, pid, startedAt, state, dataDir, source, endpoints } = stack
  const silent = polling && silentHosts(polling)
  const backups = await orNull(backupStatus(dataDir, stack.backups))
  const problems = problemsOf(stack, parts, silent ?? [], backups)
  return {
    healthy: problems.length === 0,
    problems,
    stack: { version, pid, startedAt, state, dataDir, source, endpoints },
    ...{ parts, lag, rows, datasets, sources: sourceStates, silent, unfinished, deadLetters, backups },
    paused: polling && pausedHosts(polling),
    parked: normalizing?.parked ?? null,
  }
}

function problemsOf(
  { state }: StackFile,
  parts: PartStatus[],
  silent: UnreachableHost[],
  backups: BackupStatus | null,
): string[] {
  const failure = backups?.lastFailure
  return [
    ...(state === 'ready' ? [] : ['The stack is starting.']),
    ...parts.flatMap(({ name, healthy, problem }) => (healthy ? [] : [`${name}: ${problem ?? 'not healthy'}`])),
    ...silent.map(({ reason, since }) => `No connection since ${since} to ${reason}`),
    ...(failure ? [`The last backup failed at ${failure.at}: ${failure.error}`] : []),
  ]
}

const sourcesAt = (host: string, { datasets }: PollerStatus): string[] => [
  ...new Set(datasets.flatMap((each) => (each.host === host && !each.off ? [each.dataset.split('.')[0] ?? ''] : []))),
]

const pausedHosts = (poller: PollerStatus): PausedHost[] =>
  poller.budgets.flatMap(({ host, pausedUntil, pauseReason }) =>
    pausedUntil === null
      ? []
      : [{ host, sources: sourcesAt(host, poller), until: pausedUntil, reason: pauseReason ?? 'not stated' }],
  )

const silentHosts = (poller: PollerStatus): UnreachableHost[] =>
  poller.budgets.flatMap(({ host, unreachable }) =>
    unreachable === null ? [] : [{ host, sources: sourcesAt(host, poller), ...unreachable }],
  )

interface Part {
  name: string
  address: string
  check: () => Promise<unknown>
  version: () => Promise<string | null>
}

function partsOf(stack: StackFile, environment: NodeJS.ProcessEnv): Part[] {
  const { kafka, registry, clickhouse, simulator, health } = stack.endpoints
  const ours = async (): Promise<string> => stack.version
  const part = (name: string, address: string, url: string, version: Part['version']): Part => ({
    name,
    address,
    check: () => askOk(url),
    version,
  })
  return [
    kafkaPart(stack, kafka, environment),
    part('registry', registry, `${registry}/subjects`, () => registryVersion(registry)),
    part('clickhouse', clickhouse.url, `${clickhouse.url}/ping`, () => storeVersion(stack)),
    ...(simulator ? [part('simulator', simulator, `${simulator}/simulator/now`, ours)] : []),
    ...Object.entries(health).map(([name, address]) => part(name, address, `${address}/ready`, ours)),
  ]
}

/**
 * Returns the part with its check. The embedded broker gets a cheap greeting. An external one is asked by a client,
 * because the client knows TLS and login.
 */
function kafkaPart(stack: StackFile, brokers: string, environment: NodeJS.ProcessEnv): Part {
  const [host = '', port = ''] = brokers.split(':')
  const greet = async (): Promise<void> => {
    if (!(await kafkaResponds(host, Number(port)))) throw new Error('does not answer')
  }
  const own = 'kafka' in stack.parts
  const check = own ? greet : () => lagOfConsumers(brokers, environment)
  return { name: 'kafka', address: brokers, check, version: async () => (own ? kafkaVersion : null) }
}

async function partStatus(stack: StackFile, part: Part): Promise<PartStatus> {
  const state = stack.parts[part.name]
  const common = { name: part.name, address: part.address, pid: state?.pid ?? null, restarts: state?.restarts ?? 0 }
  try {
    await part.check()
    return { ...common, healthy: true, version: (await orNull(part.version())) ?? null }
  } catch (error) {
    const died = state !== undefined && !isAlive(state.pid)
    const problem = died ? 'not running; it is being started again' : (error as Error).message
    return { ...common, healthy: false, problem, version: null }
  }
}

async function askOk(url: string): Promise<Response> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(3_000) }).catch(
    (error: Error & { cause?: { code?: string } }) => {
      throw new Error(`does not answer (${error.cause?.code ?? error.message})`)
    },
  )
  if (answer.status === 200) return answer
  throw new Error((await answer.text()).trim().slice(0, 200) || `HTTP ${answer.status}`)
}

/** Returns the registry's version. Works with Apicurio only, because others lack this endpoint. */
async function registryVersion(url: string): Promise<string | null> {
  const answer = await askOk(new URL('/apis/registry/v3/system/info', url).href)
  return ((await answer.json()) as { version?: string }).version ?? null
}

async function storeVersion(stack: StackFile): Promise<string | null> {
  return (await rowsOf<{ version: string }>(stack, 'SELECT version() AS version'))[0]?.version ?? null
}

/** Returns the status of each dataset. If the poller does not answer, the newest polls come from the store. */
async function datasetsOf(
  stack: StackFile,
  polling: Promise<PollerStatus | null>,
  normalizer: Promise<NormalizerStatus | null>,
  storeUp: boolean,
): Promise<DatasetStatus[]> {
  const polled = (await polling)?.datasets ?? []
  const unexploded = (await normalizer)?.off ?? []
  const stored = (storeUp ? await orNull(lastPolls(stack)) : null) ?? []
  const failed = (storeUp && polled.length === 0 ? await orNull(lastFailures(stack)) : null) ?? []
  return sources
    .flatMap(({ datasets }) => datasets)
    .map(({ name }) => {
      const poller = polled.find(({ dataset }) => dataset === name)
      const last = stored.find(({ dataset }) => dataset === name)
      return {
        dataset: name,
        host: poller?.host ?? null,
        off: [
          ...(poller?.off ? ['poller' as const] : []),
          ...(unexploded.includes(name) ? ['normalizer' as const] : []),
        ],
        offBecause: poller?.offBecause ?? null,
        schedule: poller?.schedule ?? (polled.length > 0 ? 'on-demand' : null),
        lastPollAt: poller?.lastPollAt ?? last?.lastPollAt ?? null,
        lastOutcome: poller?.lastOutcome ?? last?.lastOutcome ?? null,
        lastFailure:
          poller === undefined ? (failed.find(({ dataset }) => dataset === name) ?? null) : poller.lastFailure,
        nextDueAt: poller?.nextDueAt ?? null,
        askedFor: poller?.waiting.requested ?? null,
      }
    })
}

async function sourceStatesOf(stack: StackFile): Promise<SourceState[]> {
  const store = openReader(stack)
  return await readSourceStates(store, await stackNowMs(stack)).finally(() => store.close())
}

const unfinishedReplays = (stack: StackFile): Promise<UnfinishedReplay[]> =>
  rowsOf(
    stack,
    `SELECT id, kind, dataset, who, formatDateTime(started_at, '%Y-%m-%dT%H:%i:%SZ') AS startedAt
     FROM replays FINAL WHERE state NOT IN ('finished', 'failed') ORDER BY started_at`,
  )

const lastPolls = (stack: StackFile): Promise<Pick<DatasetStatus, 'dataset' | 'lastPollAt' | 'lastOutcome'>[]> =>
  rowsOf(
    stack,
    "SELECT dataset, formatDateTime(max(fetched_at), '%Y-%m-%dT%H:%i:%SZ') AS lastPollAt, argMax(outcome, fetched_at) AS lastOutcome FROM polls GROUP BY dataset",
  )

const lastFailures = (stack: StackFile): Promise<(LastFailure & { dataset: string })[]> =>
  rowsOf(
    stack,
    `SELECT dataset, formatDateTime(newest, '%Y-%m-%dT%H:%i:%SZ') AS at, came.1 AS outcome, came.2 AS error,
       substring(request_identity, length(dataset) + 2) AS request
     FROM (
       SELECT dataset, request_identity, max(fetched_at) AS newest, argMax((outcome, error), fetched_at) AS came
       FROM polls GROUP BY dataset, request_identity
     ) WHERE came.1 IN ('failed', 'refused', 'unreadable') ORDER BY newest DESC LIMIT 1 BY dataset`,
  )

async function openLetters(brokers: string, environment: NodeJS.ProcessEnv): Promise<OpenDeadLetters[]> {
  const config = readConfig(kafkaSettings, { ...environment, KAFKA_BROKERS: brokers })
  return countOpenLetters(createKafka(config, 'tidemark-status'))
}

const orNull = <T>(promise: Promise<T>): Promise<T | null> => promise.catch(() => null)
