// What is held of a source that is judged here: its engine, what was told of its windows, and how far each topic is judged.
import type { AlertEngine, EngineOutcome, SeriesBucket, ToldState } from '#core/alerts/engine.ts'
import type { WindowWatch } from '#core/alerts/window-watch.ts'
import type { Output } from '#platform/kafka/verdict.ts'

export interface HoldParts {
  /** The topics of the source that are judged. */
  topics: readonly string[]
  /** Changes when a rule changes. */
  rulesVersion: () => number
  /**
   * Returns an engine that has taken all slices and answers before a place in silence, and what is to be told because
   * rules are no longer there. @throws TransientError while Kafka or the registry is away
   */
  start: (place: StartPlace) => Promise<StartedSource>
  /**
   * Returns what the group of the source has committed of topics, by topic and partition.
   * @throws TransientError while Kafka is away
   */
  committed: (topics: readonly string[]) => Promise<ReadonlyMap<string, ReadonlyMap<number, number>>>
  encode: (outcome: EngineOutcome) => Output[]
}

export interface StartPlace {
  source: string
  /** By topic and partition: the first record that is not judged yet. */
  next: Places
  /** What this process told that may not be on the topic of states yet. */
  told: readonly ToldState[]
}

export interface StartedSource {
  engine: AlertEngine
  windows: WindowWatch
  outcome: EngineOutcome
  /** What the engine has asked for and was not given yet. */
  asked: SeriesBucket[]
}

/** Offsets by topic and partition. */
export class Places {
  private readonly offsets = new Map<string, number>()

  get(topic: string, partition: number): number | undefined {
    return this.offsets.get(`${topic}/${partition}`)
  }

  set(topic: string, partition: number, offset: number): void {
    this.offsets.set(`${topic}/${partition}`, offset)
  }
}

/** The first record of a batch. */
export interface BatchPlace {
  topic: string
  partition: number
  offset: number
}

export interface JudgedSource extends Omit<StartedSource, 'outcome'> {
  next: Places
  /** Returns what waits for the acknowledgement of Kafka. It is sent again with the next batch of the partition. */
  waitingOf: (topic: string, partition: number) => Output[]
}

export interface HeldSource {
  /**
   * Returns the source as far as it is judged before a batch. It is started if it is not held, if another alerter has
   * judged what came between, or if a rule has changed. @throws TransientError while Kafka or the registry is away
   */
  at: (place: BatchPlace) => Promise<JudgedSource>
  /** undefined: nothing of the source is judged here. */
  held: () => JudgedSource | undefined
  /** Starts the source by the rules of now, if it is held and a rule has changed. */
  renew: () => Promise<void>
  /** What changes of rules have told, and Kafka has not acknowledged yet. */
  toldByRules: Output[]
  /** Another alerter judges the source. */
  letGo: () => void
}

export function holdSource(source: string, parts: HoldParts): HeldSource {
  let held: (JudgedSource & { rulesVersion: number }) | undefined
  let starting: Promise<unknown> = Promise.resolve()
  const waiting = new Map<string, Output[]>()
  const toldByRules: Output[] = []
  const waitingOf = (topic: string, partition: number): Output[] => {
    const name = `${topic}/${partition}`
    const outputs = waiting.get(name) ?? []
    waiting.set(name, outputs)
    return outputs
  }
  const committed = async (): Promise<Places> => {
    const places = new Places()
    for (const [topic, partitions] of await parts.committed(parts.topics))
      for (const [partition, offset] of partitions) if (offset >= 0) places.set(topic, partition, offset)
    return places
  }
  let lettings = 0
  const start = async (next: Places, told: readonly ToldState[], to: Output[]): Promise<JudgedSource> => {
    const rulesVersion = parts.rulesVersion()
    const before = lettings
    const { outcome, ...started } = await parts.start({ source, next, told })
    to.push(...parts.encode(outcome))
    const judged = { ...started, next, waitingOf, rulesVersion }
    if (before === lettings) held = judged
    return judged
  }
  const toldBy = ({ engine, windows }: JudgedSource): ToldState[] => [...engine.toldStates(), ...windows.news()]
  const find = async ({ topic, partition, offset }: BatchPlace): Promise<JudgedSource> => {
    const to = waitingOf(topic, partition)
    // After a gap, another alerter may have judged what came between.
    if (held !== undefined && offset <= (held.next.get(topic, partition) ?? -1))
      return held.rulesVersion === parts.rulesVersion() ? held : start(held.next, toldBy(held), to)
    const next = await committed()
    next.set(topic, partition, offset)
    return start(next, [], to)
  }
  /** Batches of several topics come at once, and a source is started once. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const found = starting.then(work)
    starting = found.catch(() => undefined)
    return found
  }
  return {
    at: (place) => inTurn(() => find(place)),
    held: () => held,
    renew: () =>
      inTurn(async () => {
        if (held === undefined || held.rulesVersion === parts.rulesVersion()) return
        await start(held.next, toldBy(held), toldByRules)
      }),
    toldByRules,
    letGo: () => {
      lettings++
      held = undefined
      waiting.clear()
      toldByRules.length = 0
    },
  }
}
