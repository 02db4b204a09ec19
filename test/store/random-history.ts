import fc from 'fast-check'

// Random histories: answers of two windows and two corridors, each derived from the answer before. Some are confirmed
// empty or refused. Answers and replays are delivered in any order, and some of them twice.

export interface Telling {
  window: number
  /** The selector. Window and corridor together are the request identity. */
  corridor: number
  /** False if explode refused the answer. Such an answer has no effect. */
  accepted: boolean
  stepS: number
  knownAt: number
  transformVersion: number
  values: Record<string, (number | null)[]>
  /** Position of the raw record. A replay of an answer has the same position. */
  raw: { partition: number; offset: number }
}

const hourMs = 3_600_000
// The first window and the known_at values cross a new year, so that both tables change partition.
export const windowStarts = ['2024-12-31T22:00:00Z', '2025-06-01T22:00:00Z'].map((text) => Date.parse(text))

const value = fc.option(fc.constantFrom(0, 10, 20, -0.5), { nil: null })
const values = fc.array(value, { minLength: 1, maxLength: 4 })
const key = fc.constantFrom('border_A_B', 'border_B_A')
const hour = fc.nat({ max: 3 })

type Content = Telling['values']

type Change = (before: Content) => Content

const rowOf = (content: Content, key: string) => content[key] ?? [null]
const put = (key: string, hour: number, value: number | null): Change => {
  return (before) => ({ ...before, [key]: rowOf(before, key).with(hour % rowOf(before, key).length, value) })
}
const cutShort = (key: string, hours: number): Change => {
  return (before) => ({ ...before, [key]: rowOf(before, key).slice(0, hours) })
}
const drop = (key: string): Change => {
  return (before) => {
    return Object.fromEntries(Object.entries(before).filter(([each]) => each !== key))
  }
}

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.dictionary(key, values, { minKeys: 1 }).map((published) => () => published),
  fc.tuple(key, hour, value).map((revised) => put(...revised)),
  fc.tuple(key, hour).map(([key, hour]) => put(key, hour, null)),
  fc.constant((before: Content) => before),
  fc.tuple(key, fc.integer({ min: 1, max: 3 })).map((cut) => cutShort(...cut)),
  key.map(drop),
  fc.constant((): Content => ({})),
)

const step = fc.record({
  window: fc.nat({ max: 1 }),
  corridor: fc.constantFrom(0, 0, 0, 1),
  accepted: fc.constantFrom(true, true, true, true, false),
  // Upstream may switch to a finer step, and back.
  stepS: fc.constantFrom(3600, 3600, 3600, 1800),
  change,
  // Added to 08:00, some of these sum to 22:00, the start of the first window, and to midnight.
  afterMs: fc.constantFrom(1, hourMs, 7 * hourMs, 14 * hourMs, 200 * 24 * hourMs),
  // Another poller takes over, whose clock is slow.
  slowMs: fc.constantFrom(0, 0, 0, 3 * hourMs, 30 * hourMs),
})
const replay = fc.record({
  of: fc.nat(),
  transformVersion: fc.constantFrom(2, 4095),
  accepted: fc.constantFrom(true, true, true, false),
  change,
})

type Step = typeof step extends fc.Arbitrary<infer Each> ? Each : never
type Replay = typeof replay extends fc.Arbitrary<infer Each> ? Each : never

function happen(steps: Step[], replays: Replay[]): Telling[] {
  let clock = Date.parse('2024-12-31T08:00:00Z')
  const answers: Telling[] = []
  steps.forEach(({ window, corridor, accepted, stepS, change, afterMs, slowMs }, offset) => {
    clock += afterMs
    const before = answers.findLast((answer) => answer.window === window && answer.corridor === corridor)
    // Within a request identity known_at grows, whatever the clock does. Between identities it may go back.
    let knownAt = Math.max(clock - slowMs, (before?.knownAt ?? 0) + 1)
    // Which of two identities counts in the same millisecond is not defined (docs/promises.md, known limits).
    while (answers.some((answer) => answer.window === window && answer.knownAt === knownAt)) knownAt++
    const said = change(before?.values ?? { border_A_B: [10, null], border_B_A: [20] })
    const raw = { partition: window, offset }
    answers.push({ window, corridor, accepted, stepS, knownAt, transformVersion: 1, values: said, raw })
  })
  const again = replays.flatMap(({ of, transformVersion, accepted, change }) => {
    const [answer] = answers.slice(of % answers.length)
    return answer ? [{ ...answer, transformVersion, accepted, values: change(answer.values) }] : []
  })
  // Keeps one of several equal answers, because explode is pure: the same answer and version give the same result.
  const one = ({ window, corridor, knownAt, transformVersion }: Telling) =>
    `${window} ${corridor} ${knownAt} ${transformVersion}`
  return [...new Map([...answers, ...again].map((telling) => [one(telling), telling])).values()]
}

export const history: fc.Arbitrary<Telling[]> = fc
  .tuple(fc.array(step, { minLength: 1, maxLength: 8 }), fc.array(replay, { maxLength: 3 }))
  .map(([steps, replays]) => happen(steps, replays))
  .chain((tellings) => {
    const delivered = [...tellings, ...tellings.slice(0, 2)]
    return fc.shuffledSubarray(delivered, { minLength: delivered.length })
  })

/** Returns answers that change the values of `border_A_B` in the first window, one hour apart. */
export function told(...said: (number | null)[]): Telling[] {
  const start = Date.parse('2024-12-31T08:00:00Z')
  return said.map((value, offset) => ({
    window: 0,
    corridor: 0,
    accepted: true,
    stepS: 3600,
    knownAt: start + offset * hourMs,
    transformVersion: 1,
    values: { border_A_B: [value] },
    raw: { partition: 1, offset },
  }))
}
