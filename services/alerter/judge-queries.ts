// Judges the rules whose condition is a query: asks the store as often as the rules say and their owners' shares allow.
// Whoever is assigned the completeness of windows does it, so one alerter asks. What it tells is acknowledged on Kafka
// before it goes on.
import { setTimeout as sleep } from 'node:timers/promises'
import { type EngineOutcome, stateName, type ToldState } from '#core/alerts/engine.ts'
import type { Instance } from '#core/alerts/query-instances.ts'
import { dueQueries, type QueryLoad, stretchByOwner } from '#core/alerts/query-schedule.ts'
import type { QueryStatus } from '#core/alerts/query-status.ts'
import { QueryWatch, type ToldQueries } from '#core/alerts/query-watch.ts'
import { durationMs, isQuery, type QueryCondition } from '#core/alerts/rule.ts'
import type { Logger } from '#platform/process/log.ts'
import { TransientError } from '#platform/process/transient-error.ts'
import { UserError } from '#platform/process/user-error.ts'
import { closeGone, type KnownRule, validRules } from './start-engine.ts'

export interface QueryParts {
  rulesVersion: () => number
  rules: () => ReadonlyMap<string, KnownRule>
  /** Returns what was told before. @throws TransientError while Kafka is away */
  readTold: () => Promise<ToldQueries>
  /** Returns the rows of a query at an instant. @throws UserError in words, if it fails */
  ask: (when: QueryCondition, atMs: number, signal: AbortSignal) => Promise<Instance[]>
  /** Resolves when Kafka has acknowledged what is told. @throws TransientError to tell all of it again */
  publish: (outcome: EngineOutcome) => Promise<void>
  /** The pollers' clock, ms UTC. */
  nowMs: () => number
  /** Which part of the store's time the queries of an owner may take. */
  share: number
  onAsked: (rule: string, result: 'rows' | 'failed', tookMs: number) => void
  onStretch: (stretches: ReadonlyMap<string, number>) => void
  /** Called with what is neither an error of a query nor of Kafka being away. */
  crash: (error: Error) => void
  log: Logger
}

export interface QueryJudge {
  /**
   * To be called with each assignment. `holds`: see Assigned; undefined: another process asks. What was told since the last
   * assignment is read from Kafka.
   */
  onAssigned: (holds: (() => boolean) | undefined) => void
  status: () => QueryStatus[]
  stop: () => Promise<void>
}

/** A rule with a query, and how its last run went. */
interface AskedQuery extends QueryLoad {
  watch: QueryWatch
  when: QueryCondition
  rows: number | null
  failure: string | null
}

const maxRunning = 3
const tickMs = 250
const retryMs = 1_000

export function judgeQueries(parts: QueryParts): QueryJudge {
  let session: Session | undefined
  let ended: Promise<unknown> = Promise.resolve()
  const onAssigned = (holds: (() => boolean) | undefined): void => {
    if (session?.holds === holds) return
    session?.stop()
    session = holds && new Session(parts, holds)
    // The one before has let go of its queries first.
    if (session !== undefined) ended = ended.then(session.run).catch(parts.crash)
  }
  return {
    onAssigned,
    status: () => session?.status() ?? [],
    stop: async () => {
      onAssigned(undefined)
      await ended
    },
  }
}

/** The time in which this process asks. */
class Session {
  private readonly parts: QueryParts
  readonly holds: () => boolean
  private readonly stopping = new AbortController()
  private readonly running = new Set<AskedQuery>()
  private queries: AskedQuery[] = []
  private told: ToldQueries | undefined
  private rulesVersion: number | undefined
  /** What Kafka has not acknowledged yet, in order. */
  private outcomes: EngineOutcome[] = []
  private stretches = new Map<string, number>()

  constructor(parts: QueryParts, holds: () => boolean) {
    this.parts = parts
    this.holds = holds
  }

  stop(): void {
    this.stopping.abort()
  }

  /** Asks until it is stopped. */
  readonly run = async (): Promise<void> => {
    const { signal } = this.stopping
    while (!signal.aborted) {
      let pauseMs = tickMs
      try {
        await this.turn()
      } catch (error) {
        if (!(error instanceof TransientError)) throw error
        this.parts.log.warn({ err: error }, 'the queries of rules wait for Kafka')
        pauseMs = retryMs
      }
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }

  private async turn(): Promise<void> {
    if (!this.holds()) return
    await this.publishAll()
    if (this.rulesVersion !== this.parts.rulesVersion()) await this.takeRules()
    if (this.stopping.signal.aborted) return
    const { share } = this.parts
    const due = dueQueries(this.queries, { running: this.running, share, nowMs: performance.now(), maxRunning })
    for (const query of due) void this.ask(query)
  }

  private async publishAll(): Promise<void> {
    while (this.outcomes[0] !== undefined && !this.stopping.signal.aborted && this.holds()) {
      await this.parts.publish(this.outcomes[0])
      this.outcomes.shift()
    }
  }

  /** Takes the rules of now. What fires by rules that are gone is resolved. */
  private async takeRules(): Promise<void> {
    const version = this.parts.rulesVersion()
    const known = this.parts.rules()
    // Also where no rule has a query now: one that had may fire still.
    this.told ??= await this.parts.readTold()
    const before = new Map(this.queries.map((query) => [query.watch.version.rule.id, query]))
    this.queries = validRules(known).flatMap((rule): AskedQuery[] => {
      const { when, owner } = rule.rule
      if (!isQuery(when)) return []
      const same = before.get(rule.rule.id)
      if (same?.watch.version.version === rule.version) return [same]
      const watch = new QueryWatch({ rule: rule.rule, version: rule.version }, this.told)
      const run = { startedMs: null, tookMs: 0, rows: null, failure: null }
      return [{ ...run, watch, when, owner, everyMs: durationMs(when.every) }]
    })
    this.add(closeGone(this.told.states, known, this.parts.nowMs()))
    this.rulesVersion = version
  }

  private async ask(query: AskedQuery): Promise<void> {
    const { signal } = this.stopping
    const { watch, when } = query
    const { id } = watch.version.rule
    const atMs = this.parts.nowMs()
    const startedMs = performance.now()
    query.startedMs = startedMs
    this.running.add(query)
    try {
      const rows = await this.parts.ask(when, atMs, signal)
      query.rows = rows.length
      query.failure = null
      this.takeAnswer(query, () => watch.take(rows, atMs))
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof UserError)) return this.parts.crash(error as Error)
      this.parts.log.warn({ rule: id, why: error.message }, 'the query of a rule failed')
      query.failure = error.message
      this.takeAnswer(query, () => watch.fail(error.message, atMs))
    } finally {
      this.running.delete(query)
    }
    query.tookMs = performance.now() - startedMs
    this.parts.onAsked(id, query.failure === null ? 'rows' : 'failed', query.tookMs)
    this.sayStretches()
  }

  /** An answer that comes after the rule was changed is of no use. */
  private takeAnswer(query: AskedQuery, judge: () => EngineOutcome): void {
    if (!this.stopping.signal.aborted && this.holds() && this.queries.includes(query)) this.add(judge())
  }

  private add(outcome: EngineOutcome): void {
    if (outcome.states.length === 0) return
    this.outcomes.push(outcome)
    if (this.told !== undefined) this.told = { ...this.told, states: merged(this.told.states, outcome) }
  }

  private sayStretches(): void {
    const stretches = stretchByOwner(this.queries, this.parts.share)
    for (const [owner, stretch] of stretches) {
      const isLonger = stretch > 1
      if (isLonger === (this.stretches.get(owner) ?? 1) > 1) continue
      if (isLonger) this.parts.log.warn({ owner, stretch }, 'queries of an owner take more than their share: they wait')
      else this.parts.log.info({ owner }, 'queries of an owner are asked as often as its rules say again')
    }
    this.stretches = stretches
    this.parts.onStretch(stretches)
  }

  status(): QueryStatus[] {
    return this.queries.map(({ watch, owner, everyMs, tookMs, startedMs, rows, failure }) => ({
      ...{ rule: watch.version.rule.id, version: watch.version.version, owner, rows, failure },
      ...{ everyS: everyMs / 1_000, tookS: tookMs / 1_000, isAsked: startedMs !== null },
      waitsS: (everyMs * (this.stretches.get(owner) ?? 1)) / 1_000,
    }))
  }
}

const merged = (before: readonly ToldState[], { states }: EngineOutcome): ToldState[] => [
  ...new Map(
    [...before, ...states].map((state) => [stateName(state.ruleId, state.dataset, state.key), state]),
  ).values(),
]
