// What a rule says of itself, for people. Pure. The text may be of another release, and have anything in it.
import { minuteText } from '../local-time.ts'
import type { AlertRule, RuleText } from './records.ts'

/** Names the series of a rule: `jao.core.maxExchanges from=AT, to=BE`. A key of `*` goes without saying beside labels. */
export function selectorText({ of }: RuleText): string {
  const labels = Object.entries(typeof of?.labels === 'object' && of.labels !== null ? of.labels : {})
  const key = String(of?.key ?? '*')
  const parts = [
    String(of?.dataset),
    ...(key === '*' && labels.length > 0 ? [] : [key]),
    ...(labels.length === 0 ? [] : [labels.map(([name, value]) => `${name}=${String(value)}`).join(', ')]),
  ]
  return parts.join(' ')
}

/** Says to whom a rule tells what happens. */
export function tellText({ tell }: RuleText): string {
  if (!Array.isArray(tell) || tell.length === 0) return 'tells nobody: it is only in the history'
  return `tells ${tell.map(String).join(', ')}`
}

/** Says of which datasets a rule cannot judge, since when and why. Empty: of none, or nobody says. */
export const unknownTexts = ({ unknown }: Pick<AlertRule, 'unknown'>, tz: string): string[] =>
  (unknown ?? []).map(({ dataset, onsetAt, detail }) => {
    const of = dataset === 'sql' ? '' : ` on ${dataset}`
    return `is unknown${of} since ${minuteText(Date.parse(onsetAt), tz)}${detail === null ? '' : `: ${detail}`}`
  })
