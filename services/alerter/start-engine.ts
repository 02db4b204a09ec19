import { isPublishedAhead } from '#core/alerts/ages.ts'
import { declaredSeries } from '#core/alerts/declared-series.ts'
import {
  AlertEngine,
  type EngineOutcome,
  longestLookBackMs,
  type SeriesBucket,
  stateName,
  type ToldState,
} from '#core/alerts/engine.ts'
import { durationMs, isQuery, type Rule, type RuleVersion, ruleSchema } from '#core/alerts/rule.ts'
import { noFacts, withId } from '#core/alerts/transition.ts'
import { datasetsByName } from '#core/datasets.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { readNewest } from '#platform/kafka/newest-records.ts'
import { rangesBetween, readRanges } from '#platform/kafka/read-range.ts'
import { DecodeFailure, type Registry } from '#platform/kafka/registry.ts'
import type { Logger } from '#platform/process/log.ts'
import { alertStateTopic } from '#schemas/alert-topics.ts'
import {
  type AlertRule,
  type AlertState,
  acceptedAnswerSchema,
  timeseriesSliceSchema,
} from '#schemas/generated/records.ts'
import type { RecordSchema } from '#schemas/record-schema.ts'
import { answersTopic, timeseriesTopic } from '#schemas/topics.ts'
import { answerOf, runOf, type StartedEngine, type StartPlace } from './judge.ts'

export interface StartParts {
  kafka: Kafka
  registry: Registry
  log: Logger
  rules: () => ReadonlyMap<string, KnownRule>
  /** Whether points can be read again from the store. Otherwise all points of the longest windows are held. */
  hasStore: boolean
}

/** Slices that are published ahead lie up to four days before the newest one, and up to a day late. */
const aheadMs = 5 * 86_400_000
const minuteMs = 60_000
const slackMs = 10 * minuteMs

/** See JudgeParts.start. */
export async function startEngine(
  { kafka, registry, log, rules, hasStore }: StartParts,
  { source, partition, offset, answersOffset, told: newer }: StartPlace,
): Promise<StartedEngine> {
  const topic = timeseriesTopic(source).name
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
  const engine = new AlertEngine(versions, declaredSeries, [...named.values(), ...closed.states], ask)
  const lookBackMs = longestLookBackMs(versions) + Math.max(0, ...versions.map(({ rule }) => persistenceMs(rule)))
  const fromMs = nowMs - lookBackMs - slackMs - (isAhead(source) ? aheadMs : 0)
  let firstWrittenMs = Number.POSITIVE_INFINITY
  const from = await readAgain({ kafka, registry }, { topic, partition, fromMs, to: offset }, timeseriesSliceSchema, {
    isWanted: versions.length > 0,
    take: (slice, writtenAtMs) => {
      firstWrittenMs = Math.min(firstWrittenMs, writtenAtMs)
      if (engine.isWatched(slice.dataset, slice.key)) engine.take(slice.dataset, slice.key, runOf(slice, true))
    },
  })
  const answers = { topic: answersTopic(source).name, partition: 0, fromMs, to: answersOffset }
  await readAgain({ kafka, registry }, answers, acceptedAnswerSchema, {
    isWanted: versions.length > 0,
    take: (answer) => {
      if (answer.replaces) engine.withdraw(answer.dataset, answerOf(answer, true))
    },
  })
  engine.resume(from === 0 ? Number.NEGATIVE_INFINITY : firstWrittenMs + lookBackMs)
  log.info({ topic, partition, from, to: offset, loaded: engine.load }, 'an engine has started')
  return { engine, outcome: closed, asked }
}

interface Part {
  topic: string
  partition: number
  /** Records that were written from this instant on, ms UTC, up to before the offset `to`. */
  fromMs: number
  to: number
}

/** Takes records of a partition again, if they are wanted, and returns the offset of the first one. */
async function readAgain<T>(
  { kafka, registry }: Pick<StartParts, 'kafka' | 'registry'>,
  { topic, partition, fromMs, to }: Part,
  schema: RecordSchema<T>,
  { isWanted, take }: { isWanted: boolean; take: (record: T, writtenAtMs: number) => void },
): Promise<number> {
  const from = (await rangesBetween(kafka, topic, fromMs, Date.now())).get(partition)?.from ?? 0
  if (!isWanted || from >= to) return from
  const decoder = registry.decoder(schema)
  await readRanges(kafka, topic, new Map([[partition, { from, to }]]), async (records) => {
    await decoder.prepare(records.map(({ value }) => value))
    for (const { value, writtenAtMs } of records) {
      const record = decoder.decode(value)
      if (!(record instanceof DecodeFailure)) take(record, writtenAtMs)
    }
  })
  return from
}

/** Reads what was told of all rules on all series. @throws TransientError while Kafka or the registry is away */
export async function readTold(kafka: Kafka, registry: Registry, log: Logger): Promise<ToldState[]> {
  return [...(await readNewest(kafka, registry, alertStateTopic, log)).values()].map(toldState)
}

/**
 * Resolves what fires by rules, or versions of rules, that are gone. What lies ahead as a whole fires, too. Pure.
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
    if (isCurrent || rule === undefined || state.episodes.length === 0) continue
    outcome.states.push({ ...state, episodes: [] })
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

/** How far a rule looks back besides its windows, ms. */
function persistenceMs({ for: holdsFor, keepFiringFor, times }: Rule): number {
  const lengths = [holdsFor, keepFiringFor].map((text) => (text === undefined ? 0 : durationMs(text)))
  return (lengths[0] ?? 0) + (lengths[1] ?? 0) + (times?.of ?? 0) * minuteMs
}

const isAhead = (source: string): boolean =>
  [...datasetsByName.values()].some(
    (each) => each.source.name === source && each.dataset.steps.some(({ stepS }) => isPublishedAhead(stepS)),
  )

const toldState = ({ ruleId, ruleVersion, dataset, key, episodes, knownAt }: AlertState): ToldState => ({
  ...{ ruleId, ruleVersion, dataset, key, knownMs: knownAt },
  episodes: episodes.map(({ onsetAt, firedAt, endsAt, firingId }) => ({
    ...{ onsetMs: onsetAt, firedMs: firedAt, endsMs: endsAt, firingId, isSilent: false },
  })),
})
