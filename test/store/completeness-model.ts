// What completeness says, again in the plainest words: no SQL, no index, one window at a time.

export interface Facts {
  schedules: {
    dataset: string
    at: number
    schedule: string
    host: string
    selectors: readonly string[]
    begins: number | null
    keysVary: boolean
  }[]
  expected: (WindowName & {
    declaredAt: number
    expectedBy: number | null
    lateAfter: number | null
    why: string | null
    steps: number | null
  })[]
  states: (WindowName & {
    at: number
    outcome: string
    completeness: string | null
    confirmed: boolean
    status: number | null
    error: string | null
    lastChangedAt: number | null
  })[]
  answers: (WindowName & {
    knownAt: number
    storedAt: number
    version: number
    points: number
    keys: number
    offset: number
  })[]
  letters: (WindowName & { at: number; resolvedAt: number | null; reason: string; message: string })[]
  deletions: { dataset: string; before: number; at: number }[]
  hosts: {
    host: string
    at: number
    poller: string
    state: string
    waiting: number
    pausedUntil: number | null
    reason: string | null
  }[]
}

export interface WindowName {
  dataset: string
  selector: string | null
  start: number
  end: number
}

export interface Completeness extends WindowName {
  class: string
  cause: string | null
  since: number | null
  lateness: number | null
  keys: number | null
  usual: number | null
  points: number | null
  revisedAt: number | null
}

const newest = <Row>(rows: Row[], at: (row: Row) => number): Row | undefined =>
  rows.reduce<Row | undefined>((best, row) => (best === undefined || at(row) > at(best) ? row : best), undefined)

export function completenessAt(facts: Facts, atMs: number): Completeness[] {
  const known = knownBy(facts, atMs)
  const windows = new Map<string, WindowName>()
  for (const { dataset, selector, start, end } of [
    ...known.expected,
    ...known.states,
    ...known.answers,
    ...known.letters,
  ])
    windows.set(`${dataset}/${selector}/${start}`, { dataset, selector, start, end })
  return [...windows.values()].map((window) => classOf(known, facts, window, atMs))
}

function knownBy(facts: Facts, atMs: number): Facts {
  return {
    schedules: facts.schedules.filter(({ at }) => at <= atMs),
    expected: facts.expected.filter(({ declaredAt }) => declaredAt <= atMs),
    states: facts.states.filter(({ at }) => at <= atMs),
    answers: facts.answers.filter(({ knownAt, storedAt }) => knownAt <= atMs && storedAt <= atMs),
    letters: facts.letters.filter(({ at, resolvedAt }) => at <= atMs && (resolvedAt === null || resolvedAt > atMs)),
    deletions: facts.deletions.filter(({ at }) => at <= atMs),
    hosts: facts.hosts.filter(({ at }) => at <= atMs),
  }
}

const same = (one: WindowName) => (other: WindowName) =>
  one.dataset === other.dataset && one.selector === other.selector && one.start === other.start

function contentOf(known: Facts, all: Facts, window: WindowName) {
  const states = known.states.filter(same(window)).toSorted((one, other) => one.at - other.at)
  const answers = known.answers.filter(same(window))
  const stored = newest(answers, ({ version }) => version)
  const storedTo = Math.max(...answers.map(({ knownAt }) => knownAt))
  const begin = Math.min(
    ...all.answers.filter(({ dataset }) => dataset === window.dataset).map(({ knownAt }) => knownAt),
  )
  const said = states.flatMap((state, index) => {
    const { completeness, confirmed } = state
    const changed = states.slice(0, index + 1).flatMap(({ lastChangedAt }) => lastChangedAt ?? [])
    const lastChangedAt = changed.length === 0 ? null : Math.max(...changed)
    const says = completeness === 'empty' && confirmed ? 'retracted' : completeness
    return says === 'complete' || says === 'partial' || says === 'retracted' ? [{ ...state, says, lastChangedAt }] : []
  })
  const inStore = said.filter(({ lastChangedAt }) => {
    if (lastChangedAt === null) return true
    return (stored !== undefined && lastChangedAt <= storedTo) || (begin !== Infinity && lastChangedAt < begin)
  })
  const content = inStore.at(-1)
  let since = content?.at ?? null
  for (const state of inStore.toReversed()) {
    if (state.says !== content?.says) break
    since = state.at
  }
  const first = inStore.find(({ says }) => says === 'complete')
  const isPending = said.length > 0 && said.at(-1) !== content
  const revisedAt =
    answers.length > 1 && storedTo > Math.min(...answers.map(({ knownAt }) => knownAt)) ? storedTo : null
  return { states, stored, content, since, first, isPending, revisedAt }
}

function usualKeys(known: Facts, all: Facts, window: WindowName): number[] {
  const starts = new Set(
    [...known.states, ...known.answers, ...known.expected]
      .filter(
        ({ dataset, selector, start }) =>
          dataset === window.dataset && selector === window.selector && start < window.start,
      )
      .map(({ start }) => start),
  )
  return [...starts]
    .toSorted((one, other) => other - one)
    .flatMap((start) => {
      const { content, stored } = contentOf(known, all, { ...window, start })
      return content?.says === 'complete' && stored !== undefined && stored.keys > 0 ? [stored.keys] : []
    })
    .slice(0, 14)
    .toSorted((one, other) => one - other)
}

function classOf(known: Facts, all: Facts, window: WindowName, atMs: number): Completeness {
  const ofDataset = ({ dataset }: { dataset: string }) => dataset === window.dataset
  const schedule = newest(known.schedules.filter(ofDataset), ({ at }) => at)
  const deletion = newest(known.deletions.filter(ofDataset), ({ before }) => before)
  const expected = newest(known.expected.filter(same(window)), ({ declaredAt }) => declaredAt)
  const { states, stored, content, since, first, isPending, revisedAt } = contentOf(known, all, window)
  const usual = schedule?.keysVary ? [] : usualKeys(known, all, window)
  const median = usual[Math.ceil(usual.length / 2) - 1] ?? 0
  const isShort = stored !== undefined && usual.length >= 3 && stored.keys > 0 && stored.keys * 2 < median
  const isWanted =
    expected !== undefined &&
    schedule?.schedule === 'auto' &&
    (window.selector === null || schedule.selectors.includes(window.selector))
  const found = (): [string, number | null] => {
    if (schedule === undefined) return ['unknown', null]
    if (schedule.begins !== null && window.end <= schedule.begins) return ['before-history', null]
    if (deletion !== undefined && window.end <= deletion.before) return ['deleted', deletion.at]
    if (content === undefined && (schedule.schedule === 'off' || (states.length === 0 && !isWanted)))
      return ['not-collected', schedule.at]
    if (content?.says === 'complete') return [isShort ? 'partial' : 'complete', since]
    if (content !== undefined) return [content.says, since]
    if (expected?.lateAfter != null && expected.lateAfter <= atMs) return ['late', expected.lateAfter]
    return ['not-yet-due', expected?.declaredAt ?? null]
  }
  const [cls, sinceMs] = found()
  const letter = newest(known.letters.filter(same(window)), ({ at }) => at)
  const cause = (): string => {
    if (letter !== undefined && letter.at > (content?.at ?? 0))
      return letter.reason === 'parked' ? 'ours-parked' : 'ours-dead-letter'
    if (isPending) return 'ours-lag'
    const log = known.hosts.filter(({ host }) => host === schedule?.host)
    const last = [...Map.groupBy(log, ({ poller }) => poller).values()].flatMap(
      (rows) => newest(rows, ({ at }) => at) ?? [],
    )
    const isOwned = last.some(({ state, at }) => state === 'owned' && at > atMs - 150_000)
    const recent = newest(last, ({ at }) => at)
    const isPaused = recent?.pausedUntil != null && recent.pausedUntil > atMs
    if (states.length === 0) return 'ours-not-asked'
    if (log.length > 0 && (!isOwned || isPaused)) return 'ours-not-asked'
    const { outcome, status } = states.at(-1) ?? { outcome: '', status: null }
    if (outcome === 'failed') return status === null ? 'upstream-unreachable' : 'upstream-refused'
    return outcome === 'refused' || outcome === 'unreadable' ? 'upstream-refused' : 'upstream-empty'
  }
  const lateness = (): number | null => {
    const byMs = expected?.expectedBy ?? null
    const toMs = cls === 'late' || cls === 'partial' ? atMs : cls === 'complete' ? first?.at : undefined
    return byMs === null || toMs === undefined ? null : Math.max(0, Math.floor(toMs / 1_000) - Math.floor(byMs / 1_000))
  }
  return {
    ...window,
    class: cls,
    cause: cls === 'late' || cls === 'partial' ? cause() : null,
    since: sinceMs,
    lateness: lateness(),
    keys: stored?.keys ?? null,
    usual: median === 0 ? null : median,
    points: stored?.points ?? null,
    revisedAt,
  }
}
