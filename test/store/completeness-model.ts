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
    page: string | null
  })[]
  letters: (WindowName & {
    at: number
    resolvedAt: number | null
    reason: string
    message: string
    page: string | null
  })[]
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
  detail: string | null
  lateness: number | null
  expectedBy: number | null
  lateAfter: number | null
  why: string | null
  watched: number
  expectedPoints: number | null
  keys: number | null
  usual: number | null
  points: number | null
  revisedAt: number | null
  offset: number | null
}

const newest = <Row>(rows: Row[], at: (row: Row) => number): Row | undefined =>
  rows.reduce<Row | undefined>((best, row) => (best === undefined || at(row) > at(best) ? row : best), undefined)

/** Of the windows that end after `fromMs`. The usual keys are those of 500 days before that. */
export function completenessAt(facts: Facts, atMs: number, fromMs: number): Completeness[] {
  const known = knownBy(facts, atMs, fromMs - 500 * 24 * 3_600_000)
  const windows = new Map<string, WindowName>()
  for (const { dataset, selector, start, end } of [
    ...known.expected,
    ...known.states,
    ...known.answers,
    ...known.letters,
  ])
    windows.set(`${dataset}/${selector}/${start}`, { dataset, selector, start, end })
  return [...windows.values()].filter(({ end }) => end > fromMs).map((window) => classOf(known, facts, window, atMs))
}

function knownBy(facts: Facts, atMs: number, startsFromMs: number): Facts {
  const isYoung = ({ start }: WindowName): boolean => start >= startsFromMs
  return {
    schedules: facts.schedules.filter(({ at }) => at <= atMs),
    expected: facts.expected.filter(isYoung).filter(({ declaredAt }) => declaredAt <= atMs),
    states: facts.states.filter(isYoung).filter(({ at }) => at <= atMs),
    answers: facts.answers.filter(isYoung).filter(({ knownAt, storedAt }) => knownAt <= atMs && storedAt <= atMs),
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
  const pages = [...Map.groupBy(answers, ({ page }) => page).values()].flatMap(
    (all) => newest(all, ({ version }) => version) ?? [],
  )
  const newestAnswer = newest(answers, ({ knownAt }) => knownAt)
  const stored = newestAnswer && {
    keys: Math.max(...pages.map(({ keys }) => keys)),
    points: pages.reduce((sum, { points }) => sum + points, 0),
    offset: newestAnswer.offset,
  }
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
  const fault =
    cls !== 'late' && cls !== 'partial'
      ? { cause: null, detail: null }
      : faultOf(known, { window, schedule, states, contentAt: content?.at ?? 0, isPending, atMs })
  const lacks = isShort
    ? `${stored.keys} keys, usually ${median}`
    : cls === 'partial'
      ? 'the answer lacks rows or values'
      : 'the answer has no rows'
  const lateness = (): number | null => {
    const byMs = expected?.expectedBy ?? null
    const toMs = cls === 'late' || cls === 'partial' ? atMs : cls === 'complete' ? first?.at : undefined
    return byMs === null || toMs === undefined ? null : Math.max(0, Math.floor(toMs / 1_000) - Math.floor(byMs / 1_000))
  }
  return {
    ...window,
    class: cls,
    ...fault,
    ...(fault.cause === 'upstream-empty' && { detail: lacks }),
    since: sinceMs,
    lateness: lateness(),
    expectedBy: expected?.expectedBy ?? null,
    lateAfter: expected?.lateAfter ?? null,
    why: expected?.why ?? null,
    watched: Number(
      expected !== undefined && expected.declaredAt < Math.max(window.end, expected.expectedBy ?? window.end),
    ),
    expectedPoints: median === 0 || expected?.steps == null ? null : expected.steps * median,
    keys: stored?.keys ?? null,
    usual: median === 0 ? null : median,
    points: stored?.points ?? null,
    revisedAt,
    offset: stored?.offset ?? null,
  }
}

interface Missing {
  window: WindowName
  schedule: Facts['schedules'][0] | undefined
  states: Facts['states']
  contentAt: number
  isPending: boolean
  atMs: number
}

/** Whose fault it is. The detail of an answer that lacks something is not told here. */
function faultOf(known: Facts, { window, schedule, states, contentAt, isPending, atMs }: Missing) {
  const letter = newest(known.letters.filter(same(window)), ({ at }) => at)
  if (letter !== undefined && letter.at > contentAt) {
    const cause = letter.reason === 'parked' ? 'ours-parked' : 'ours-dead-letter'
    return { cause, detail: `${letter.reason}: ${letter.message}` }
  }
  if (isPending) return { cause: 'ours-lag', detail: 'the answer is on the raw topic, and not yet in the store' }
  const log = known.hosts.filter(({ host }) => host === schedule?.host)
  const last = [...Map.groupBy(log, ({ poller }) => poller).values()].flatMap(
    (rows) => newest(rows, ({ at }) => at) ?? [],
  )
  const isOwned = last.some(({ state, at }) => state === 'owned' && at > atMs - 150_000)
  const recent = newest(last, ({ at }) => at)
  const pausedUntil = recent?.pausedUntil != null && recent.pausedUntil > atMs ? recent.pausedUntil : null
  const notAsked = (detail: string) => ({ cause: 'ours-not-asked', detail })
  if (states.length === 0 || (log.length > 0 && (!isOwned || pausedUntil !== null))) {
    if (log.length > 0 && !isOwned) return notAsked('no poller owns the host')
    if (pausedUntil !== null) {
      const until = new Date(pausedUntil).toISOString().slice(0, 19).replace('T', ' ')
      return notAsked(`paused until ${until}Z: ${recent?.reason}`)
    }
    return notAsked(recent?.waiting ? 'the request budget of the host is used up' : 'no request was sent')
  }
  const { outcome, status, error } = states.at(-1) ?? { outcome: '', status: null, error: null }
  if (!['failed', 'refused', 'unreadable'].includes(outcome)) return { cause: 'upstream-empty', detail: '' }
  return {
    cause: outcome === 'failed' && status === null ? 'upstream-unreachable' : 'upstream-refused',
    detail: `${status === null ? '' : `HTTP ${status}: `}${error ?? outcome}`,
  }
}
