import { durationMs, type Rule } from '#core/alerts/rule.ts'

/** A value, and at which step it stands. */
export interface KnownValue {
  at: number
  value: number | null
}

/** What is told, onset and end in steps. */
export type Said = [kind: string, onset: number, ends: number | null]

/**
 * What a rule tells, by brute force: after each answer, all points are judged from the first one on, with nothing kept. Of
 * conditions on another series all compare with the same one.
 */
export function ruleModel(rule: Rule, stepMs: number) {
  const known = new Map<number, number | null>()
  const others = new Map<number, number | null>()
  const silent = new Set<number>()
  let told: { onset: number; ends: number | null }[] = []
  const windowFigure = (at: number, windowMs: number, of: string): number | null => {
    const inside = [...known].filter(([each]) => each * stepMs > at * stepMs - windowMs && each < at)
    const values = inside.flatMap(([, value]) => (value === null ? [] : [value]))
    if (values.length === 0 || values.length / (windowMs / stepMs - 1) < rule.minShare) return null
    const sum = values.reduce((total, value) => total + value, 0)
    if (of === 'sum') return sum
    return of === 'max' ? Math.max(...values) : sum / values.length
  }
  const meets = (at: number, firing: boolean): boolean | undefined => {
    const when = rule.when as { all?: object[]; any?: object[] }
    const each = (when.all ?? when.any ?? [when]) as {
      value: string
      than: number
      as?: 'ratio' | 'difference' | 'percent'
      to?: { window: string; of: string } | { dataset: string }
    }[]
    const answers = each.map(({ value: operator, than, as, to }) => {
      const value = known.get(at) ?? null
      if (value === null) return undefined
      const figure =
        to === undefined ? 1 : 'window' in to ? windowFigure(at, durationMs(to.window), to.of) : others.get(at)
      if (figure === null || figure === undefined || (as !== 'difference' && figure <= 0)) return undefined
      const limit = firing && rule.clearAt !== undefined ? rule.clearAt : than
      const compared = as === 'difference' ? value - figure : value / figure
      return operator === '>'
        ? compared > limit
        : operator === '>='
          ? compared >= limit
          : operator === '<'
            ? compared < limit
            : compared <= limit
    })
    if (when.any) return answers.includes(true) ? true : answers.includes(undefined) ? undefined : false
    return answers.includes(false) ? false : answers.includes(undefined) ? undefined : true
  }
  const episodes = () => {
    const found: { onset: number; fired: number; ends: number | null }[] = []
    const forS = rule.for ? durationMs(rule.for) : 0
    const keep = rule.keepFiringFor ? durationMs(rule.keepFiringFor) : 0
    let pending: { onset: number; samples: number } | undefined
    let firing: { onset: number; fired: number; ends: number | null } | undefined
    let cleared: number | undefined
    const recent: boolean[] = []
    for (const at of [...known.keys()].sort((one, other) => one - other)) {
      const met = meets(at, firing !== undefined)
      if (met === undefined) continue
      recent.push(met)
      const holds = rule.times ? recent.slice(-rule.times.of).filter(Boolean).length >= rule.times.atLeast : met
      if (firing) {
        if (holds) cleared = undefined
        else {
          cleared ??= at
          if ((at - cleared) * stepMs >= keep) {
            firing.ends = at
            firing = undefined
            cleared = undefined
          }
        }
        continue
      }
      if (!holds) {
        pending = undefined
        continue
      }
      pending = pending ? { ...pending, samples: pending.samples + 1 } : { onset: at, samples: 1 }
      const needed = Math.max(1, Math.floor((forS / stepMs) * rule.minShare))
      if ((at - pending.onset) * stepMs < forS || pending.samples < needed) continue
      firing = { onset: pending.onset, fired: at, ends: null }
      found.push(firing)
      pending = undefined
    }
    return found
  }
  let before: ReturnType<typeof episodes> = []
  return (points: readonly KnownValue[], isSilent: boolean, otherPoints: readonly KnownValue[] = []): Said[] => {
    let changed = Number.POSITIVE_INFINITY
    for (const [held, news] of [[known, points] as const, [others, otherPoints] as const]) {
      for (const { at, value } of news) {
        if (held.has(at) && held.get(at) === value) continue
        held.set(at, value)
        changed = Math.min(changed, at)
      }
    }
    const now = episodes()
    // What fired by silent points is silent for as long as it is over.
    for (const { onset, fired } of now) {
      if (fired < changed) continue
      const was = before.some((each) => each.onset === onset && each.fired >= changed && silent.has(onset))
      if (isSilent || was) silent.add(onset)
      else silent.delete(onset)
    }
    before = now
    if (isSilent || changed === Number.POSITIVE_INFINITY) return []
    const said: Said[] = []
    const next: typeof told = []
    for (const { onset, ends } of now) {
      const old = told.find((each) => each.onset === onset)
      if (!old && silent.has(onset) && ends !== null) continue
      if (!old) said.push(['firing', onset, ends])
      else if (old.ends !== ends) said.push([old.ends === null ? 'resolved' : 'changed', onset, ends])
      next.push({ onset, ends })
    }
    for (const { onset } of told) if (!now.some((each) => each.onset === onset)) said.push(['cancelled', onset, null])
    told = next
    return said
  }
}
