import fc from 'fast-check'

// Histories as pollers make them: answers of two windows, what each says derived from what the one before it said, and
// replays of some of them, delivered in any order and partly twice.

/** What one transform made of one answer: values by key, hourly from the start of the window. */
export interface Telling {
  window: number
  knownAt: number
  transformVersion: number
  values: Record<string, (number | null)[]>
  /** Where the answer lies; a replay of it lies where it lay. */
  raw: { partition: number; offset: number }
}

const hourMs = 3_600_000
// The times of the first window lie across a year's end, and so do the times of knowledge: both tables change partition.
export const windowStarts = ['2024-12-31T22:00:00Z', '2025-06-01T22:00:00Z'].map((text) => Date.parse(text))
const keys = ['border_A_B', 'border_B_A']

const value = fc.option(fc.constantFrom(0, 10, 20, -0.5), { nil: null })
const values = fc.array(value, { minLength: 1, maxLength: 4 })
const key = fc.constantFrom(...keys)
const hour = fc.nat({ max: 3 })

type Content = Telling['values']

/** What may happen from one answer of a window to the next. */
const change = fc.oneof(
  fc.record({ what: fc.constant('publish'), values: fc.dictionary(key, values, { minKeys: 1 }) }),
  fc.record({ what: fc.constant('revise'), key, hour, value: fc.constantFrom(0, 10, 20, -0.5) }),
  fc.record({ what: fc.constant('retract'), key, hour }),
  fc.record({ what: fc.constant('repeat') }),
  fc.record({ what: fc.constant('cut short'), key, hour }),
  fc.record({ what: fc.constant('drop'), key }),
) as fc.Arbitrary<{ what: string; values?: Content; key?: string; hour?: number; value?: number }>
type Change = typeof change extends fc.Arbitrary<infer Each> ? Each : never

function changed(before: Content, { what, values, key = keys[0]!, hour = 0, value }: Change): Content {
  const row = before[key] ?? [null]
  if (what === 'publish') return values!
  if (what === 'revise') return { ...before, [key]: row.with(hour % row.length, value!) }
  if (what === 'retract') return { ...before, [key]: row.with(hour % row.length, null) }
  if (what === 'cut short') return { ...before, [key]: row.slice(0, Math.max(1, hour)) }
  const { [key]: dropped, ...rest } = before
  return what === 'drop' && Object.keys(rest).length > 0 ? rest : before
}

const step = fc.record({
  window: fc.nat({ max: 1 }),
  change,
  // From 08:00 these add up to the very start of the first window, 22:00, and to midnight. The second is watched long.
  afterMs: fc.constantFrom(1, hourMs, 7 * hourMs, 14 * hourMs, 200 * 24 * hourMs),
  // Another poller takes over whose clock is behind.
  slowMs: fc.constantFrom(0, 0, 0, 3 * hourMs, 30 * hourMs),
})
const replay = fc.record({ of: fc.nat(), transformVersion: fc.constantFrom(2, 4095), change })

type Step = typeof step extends fc.Arbitrary<infer Each> ? Each : never
type Replay = typeof replay extends fc.Arbitrary<infer Each> ? Each : never

function happen(steps: Step[], replays: Replay[]): Telling[] {
  let clock = Date.parse('2024-12-31T08:00:00Z')
  const answers: Telling[] = []
  steps.forEach(({ window, change, afterMs, slowMs }, offset) => {
    clock += afterMs
    const before = answers.findLast((answer) => answer.window === window)
    // Of one window known_at always grows, whatever the clock does; it may lie behind that of the other window.
    const knownAt = Math.max(clock - slowMs, (before?.knownAt ?? 0) + 1)
    const said = changed(before?.values ?? { border_A_B: [10, null], border_B_A: [20] }, change)
    answers.push({ window, knownAt, transformVersion: 1, values: said, raw: { partition: window, offset } })
  })
  const again = replays.map(({ of, transformVersion, change }) => {
    const answer = answers[of % answers.length]!
    return { ...answer, transformVersion, values: changed(answer.values, change) }
  })
  // A pure explode: of one answer one transform always makes the same, however often it is delivered.
  const one = ({ window, knownAt, transformVersion }: Telling) => `${window} ${knownAt} ${transformVersion}`
  return [...new Map([...answers, ...again].map((telling) => [one(telling), telling])).values()]
}

/** Tellings in the order of their delivery. */
export const history: fc.Arbitrary<Telling[]> = fc
  .tuple(fc.array(step, { minLength: 1, maxLength: 8 }), fc.array(replay, { maxLength: 3 }))
  .map(([steps, replays]) => happen(steps, replays))
  .chain((tellings) => {
    const delivered = [...tellings, ...tellings.slice(0, 2)]
    return fc.shuffledSubarray(delivered, { minLength: delivered.length })
  })

/** The first answer's first, the others an hour apart: `border_A_B` of the first window said one of these each time. */
export function told(...said: (number | null)[]): Telling[] {
  const start = Date.parse('2024-12-31T08:00:00Z')
  return said.map((value, offset) => ({
    window: 0,
    knownAt: start + offset * hourMs,
    transformVersion: 1,
    values: { border_A_B: [value] },
    raw: { partition: 1, offset },
  }))
}
