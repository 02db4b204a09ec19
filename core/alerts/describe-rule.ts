// What a rule and a transition say, in words. Commands, messages and the page say the same.
import { printable } from '#platform/process/printable.ts'
import type { AlertEvent } from '#schemas/generated/records.ts'
import { isOfWindows, isQuery, isRevision, isWithdrawal, type PointCondition, queryDataset, type Rule } from './rule.ts'

const figures = {
  avg: 'average',
  min: 'minimum',
  max: 'maximum',
  sum: 'sum',
  stddev: 'standard deviation',
  count: 'number of samples',
  first: 'first value',
  last: 'last value',
}

/**
 * Returns the condition of a rule in words, with how long it has to hold: the value is more than 3 times the average of the
 * hour before it, for 10 minutes.
 */
export function describeCondition(rule: Rule): string {
  return `${describeWhen(rule.when)}${describePersistence(rule)}`
}

function describeWhen(when: Rule['when']): string {
  if (isRevision(when)) {
    const which = when.ahead ? 'a value that lies ahead' : 'a value'
    return `${which} is revised by ${relation(when.revision)} ${when.than}`
  }
  if (isWithdrawal(when))
    return when.withdrawn === 'ahead' ? 'a value that lies ahead is withdrawn' : 'a value is withdrawn'
  if (isOfWindows(when)) return when.becomes === 'late' ? 'a window is late' : `a window is ${when.becomes}`
  if (isQuery(when)) return `a query returns a row, asked every ${durationText(when.every)}: ${excerpt(when.sql)}`
  if ('all' in when) return when.all.map(describePoint).join(', and ')
  if ('any' in when) return when.any.map(describePoint).join(', or ')
  return describePoint(when)
}

const maxExcerptChars = 120

function excerpt(sql: string): string {
  const line = printable(sql.replace(/\s+/g, ' '))
  return line.length <= maxExcerptChars ? line : `${line.slice(0, maxExcerptChars)}…`
}

function describePersistence({ when, for: holds, times, clearAt, keepFiringFor }: Rule): string {
  const isPlain = 'value' in when && when.to === undefined
  const parts = [
    ...(holds === undefined ? [] : [`${isPlain ? '' : ','} for ${durationText(holds)}`]),
    ...(times === undefined ? [] : [`, in ${times.atLeast} of the newest ${times.of} values`]),
    ...(clearAt === undefined || !('value' in when) ? [] : [`; it fires until the value passes ${clearAt}`]),
    ...(keepFiringFor === undefined ? [] : [`; it fires on for ${durationText(keepFiringFor)} after that`]),
  ]
  return parts.join('')
}

const units = { D: 'day', H: 'hour', M: 'minute', S: 'second' }

/** Returns a length of time in words: PT90M is 90 minutes, P1DT1H is 1 day 1 hour. */
function durationText(duration: string): string {
  const parts = [...duration.matchAll(/(\d+)([DHMS])/g)].filter(([, count]) => Number(count) > 0)
  return parts
    .map(([, count, unit]) => `${Number(count)} ${units[unit as keyof typeof units]}${Number(count) === 1 ? '' : 's'}`)
    .join(' ')
}

const relation = (operator: string): string =>
  ({ '>': 'more than', '>=': 'at least', '<': 'less than', '<=': 'at most' })[operator] ?? operator

function describePoint(condition: PointCondition): string {
  const { value: operator, than } = condition
  if (condition.to === undefined) return `the value is ${relation(operator)} ${than}`
  const { as, to } = condition
  const reference =
    'window' in to
      ? `the ${figures[to.of]} of the ${durationText(to.window).replace(/^1 (\w+)$/, '$1')} before it`
      : 'knownBefore' in to
        ? `what was known ${durationText(to.knownBefore)} before`
        : `${to.dataset} ${to.key}`
  if (as === 'ratio') return `the value is ${relation(operator)} ${than} times ${reference}`
  if (as === 'percent') return `the value is ${relation(operator)} ${than} % above ${reference}`
  return `the value minus ${reference} is ${relation(operator)} ${than}`
}

const instant = (ms: number): string =>
  new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/(\.000)?Z$/, ' UTC')
const figure = (value: number): string => String(Number(value.toPrecision(10)))

/** Returns what happened, in one line: what, on which series, since when, and by which numbers. */
export function describeEvent(event: AlertEvent): string {
  const series = [event.dataset, event.key].filter((part) => part !== '').join(' ')
  const verbs: Record<string, string> = {
    ...{ firing: 'fires', changed: 'has another end', resolved: 'is resolved', cancelled: 'is taken back' },
    ...{ happened: 'happened', unknown: 'is unknown', known: 'is known again', test: 'was sent to' },
  }
  const on = event.kind === 'test' ? '' : ' on'
  const parts = [`${event.title}: ${verbs[event.kind] ?? event.kind}${on} ${series}`, span(event), numbers(event)]
  if (event.detail !== null) parts.push(event.detail)
  // A title may be of an older version, and a key and a reason are upstream's.
  return printable(parts.filter((part) => part !== '').join('; '))
}

/** Returns in words that a rule cannot judge, of which dataset, since when and why. */
export function describeUnknown({
  dataset,
  onsetAt,
  detail,
}: Pick<AlertEvent, 'dataset' | 'onsetAt' | 'detail'>): string {
  const of = dataset === queryDataset ? '' : ` on ${dataset}`
  return printable(`is unknown${of} since ${instant(onsetAt)}${detail === null ? '' : `: ${detail}`}`)
}

function span({ kind, onsetAt, endsAt }: AlertEvent): string {
  if (kind === 'happened' || kind === 'test') return `at ${instant(onsetAt)}`
  if (endsAt === null) return `since ${instant(onsetAt)}`
  return `from ${instant(onsetAt)} to ${instant(endsAt)}`
}

function numbers({ value, compared, reference, samples, expected, unit, pointAt, onsetAt }: AlertEvent): string {
  if (value === null) return ''
  const at = pointAt === onsetAt ? '' : ` at ${instant(pointAt)}`
  const parts = [`value ${figure(value)} ${unit}${at}`.trim()]
  if (compared !== null && compared !== value) parts.push(`compared ${figure(compared)}`)
  if (reference !== null) {
    const count = samples === null || expected === null ? '' : ` (${samples} of ${expected})`
    parts.push(`reference ${figure(reference)}${count}`)
  }
  return parts.join(', ')
}
