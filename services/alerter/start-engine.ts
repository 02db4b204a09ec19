import { declaredSeries } from '#core/alerts/declared-series.ts'
import { AlertEngine, type EngineOutcome, type SeriesBucket, stateName, type ToldState } from '#core/alerts/engine.ts'
import { isQuery, type RuleVersion, ruleSchema } from '#core/alerts/rule.ts'
import { noFacts, withId } from '#core/alerts/transition.ts'
import { WindowWatch } from '#core/alerts/window-watch.ts'
import { datasetsByName } from '#core/datasets.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { readNewest } from '#platform/kafka/newest-records.ts'
import { type OffsetRange, rangesBetween, readRanges, type StoredRecord } from '#platform/kafka/read-range.ts'
import { DecodeFailure, type Registry } from '#platform/kafka/registry.ts'
import type { Logger } from '#platform/process/log.ts'
import { alertStateTopic } from '#schemas/alert-topics.ts'
import { type AlertRule, acceptedAnswerSchema, timeseriesSliceSchema } from '#schemas/generated/records.ts'
import type { RecordSchema } from '#schemas/record-schema.ts'
import { answersTopic, timeseriesTopic } from '#schemas/topics.ts'
import { toldState } from './alert-records.ts'
import { answerOf, runOf, saysNow } from './judge.ts'
import type { Places, StartedSource, StartPlace } from './judged-source.ts'
import { readBackOf } from './read-back.ts'

export interface StartParts {
  kafka: Kafka
  registry: Registry
  log: Logger
  rules: () => ReadonlyMap<string, KnownRule>
  /** Whether points can be read again from the store. Otherwise all points of the longest windows are held. */
  hasStore: boolean
}

/** See HoldParts.start. */
export async function startEngine(
  { kafka, registry, log, rules, hasStore }: StartParts,
  { source, next, told: newer }: StartPlace,
): Promise<StartedSource> {
  const isOfSource = (dataset: string): boolean => datasetsByName.get(dataset)?.source.name === source
  const states = [...(await readTold(kafka, registry, log)), ...newer].filter(({ dataset }) => isOfSource(dataset))
  const named = new Map(states.map((state) => [stateName(state.ruleId, state.dataset, state.key), state]))
  const known = rules()
  const nowMs = Date.now()
  const versions = validRules(known).filter(({ rule }) => !isQuery(rule.when))
  const asked: SeriesBucket[] = []
  const ask = hasStore ? (bucket: SeriesBucket) => void asked.push(bucket) : undefined
  const closed = closeGone([...named.values()], known, nowMs)
  // What is closed here is not told once more by the next start. Of two states of a name, the engine takes the later one.
  const told = [...named.values(), ...closed.states]
  const engine = new AlertEngine(versions, declaredSeries, told, ask)
  const { lookBackMs, readMs } = readBackOf(source, versions)
  const heardAt = new Map<string, number>()
  const reading = { ...{ kafka, registry, next, fromMs: nowMs - readMs }, isWanted: versions.length > 0 }
  const slices = timeseriesTopic(source).name
  const fullMs = await readAgain(reading, slices, timeseriesSliceSchema, (slice, isReplay) => {
    if (!engine.isWatched(slice.dataset, slice.key)) return
    const run = runOf(slice, isReplay)
    engine.take(slice.dataset, slice.key, { ...run, isSilent: true })
    if (!saysNow(slice, run)) return
    heardAt.set(slice.dataset, Math.max(slice.knownAt, heardAt.get(slice.dataset) ?? 0))
  })
  await readAgain(reading, answersTopic(source).name, acceptedAnswerSchema, (answer) => {
    if (answer.replaces) engine.withdraw(answer.dataset, answerOf(answer, true))
  })
  engine.resume(fullMs + lookBackMs)
  log.info({ source, loaded: engine.load }, 'an engine has started')
  return { engine, windows: new WindowWatch(versions, told, heardAt), outcome: closed, asked }
}

interface Reading {
  kafka: Kafka
  registry: Registry
  /** Records before these are read. */
  next: Places
  /** Records that were written from this instant on are read, ms UTC. */
  fromMs: number
  /** False: nothing is read. */
  isWanted: boolean
}

/**
 * Takes records of a topic again. Returns since when all of them were taken, by the time at which they were written, ms UTC.
 * -Infinity: the topic is taken from its first record. Infinity: a partition has none to take.
 */
async function readAgain<T>(
  { kafka, registry, next, fromMs, isWanted }: Reading,
  topic: string,
  schema: RecordSchema<T>,
  take: (record: T, isReplay: boolean) => void,
): Promise<number> {
  const spans = new Map<number, OffsetRange>()
  for (const [partition, { from }] of await rangesBetween(kafka, topic, fromMs, Date.now()))
    spans.set(partition, { from, to: next.get(topic, partition) ?? 0 })
  const firstMs = new Map<number, number>()
  const decoder = registry.decoder(schema)
  const read = async (records: StoredRecord[]): Promise<void> => {
    await decoder.prepare(records.map(({ value }) => value))
    for (const { value, partition, writtenAtMs, headers } of records) {
      const record = decoder.decode(value)
      if (record instanceof DecodeFailure) continue
      take(record, headers.replay !== undefined)
      firstMs.set(partition, Math.min(writtenAtMs, firstMs.get(partition) ?? Number.POSITIVE_INFINITY))
    }
  }
  if (isWanted) await readRanges(kafka, topic, spans, read)
  const since = [...spans].map(([partition, { from }]) =>
    from === 0 ? Number.NEGATIVE_INFINITY : (firstMs.get(partition) ?? Number.POSITIVE_INFINITY),
  )
  return Math.max(Number.NEGATIVE_INFINITY, ...since)
}

/** Reads what was told of all rules on all series. @throws TransientError while Kafka or the registry is away */
export async function readTold(kafka: Kafka, registry: Registry, log: Logger): Promise<ToldState[]> {
  return [...(await readNewest(kafka, registry, alertStateTopic, log)).values()].map(toldState)
}

/**
 * Resolves what fires by rules, or versions of rules, that are gone, and forgets what was told of them. What lies ahead as
 * a whole fires, too. Pure.
 * @param nowMs ms UTC
 */
export function closeGone(
  told: readonly ToldState[],
  known: ReadonlyMap<string, KnownRule>,
  nowMs: number,
): EngineOutcome {
  const outcome: EngineOutcome = { transitions: [], states: [] }
  for (const state of told) {
    const rule = known.get(state.ruleId)
    const isCurrent = rule !== undefined && !rule.isDeleted && rule.version === state.ruleVersion
    if (isCurrent || rule === undefined || state.isForgotten) continue
    outcome.states.push({ ...state, episodes: [], isForgotten: true })
    for (const { onsetMs, endsMs, firingId } of state.episodes) {
      if (endsMs !== null && endsMs <= nowMs) continue
      outcome.transitions.push(
        withId({
          ...{ kind: state.key === '' ? 'known' : 'resolved', onsetMs, endsMs: null, firingId },
          rule: { rule: rule.rule, version: state.ruleVersion },
          ...{ dataset: state.dataset, key: state.key, facts: { ...noFacts, atMs: onsetMs, knownMs: state.knownMs } },
          detail: rule.isDeleted ? 'the rule was deleted' : 'the rule was changed',
        }),
      )
    }
  }
  return outcome
}

export interface KnownRule extends RuleVersion {
  isDeleted: boolean
}

export const validRules = (known: ReadonlyMap<string, KnownRule>): KnownRule[] =>
  [...known.values()].filter(({ isDeleted }) => !isDeleted)

export function readRules(rules: readonly AlertRule[], log: Logger): Map<string, KnownRule> {
  const known = new Map<string, KnownRule>()
  for (const { id, rule, version, isDeleted } of rules) {
    const parsed = ruleSchema.safeParse(parsedJson(rule))
    if (parsed.success) known.set(id, { rule: parsed.data, version, isDeleted })
    else log.error({ rule: id, version, why: parsed.error.message }, 'a rule cannot be read: it alerts nobody')
  }
  return known
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
