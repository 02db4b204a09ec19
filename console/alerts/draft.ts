// The text of a rule that is being written. All functions are pure.
import type { RuleText } from './records.ts'

/** A rule that is complete, to begin with. */
const example = {
  id: 'price-spike',
  title: 'A value is 3 times its average of the last hour',
  owner: 'whom to ask about it',
  severity: 'warning',
  of: { dataset: 'kraken.ticker', key: '*.last' },
  when: { value: '>', than: 3, as: 'ratio', to: { window: 'PT1H', of: 'avg' } },
  tell: [],
}

export const textOf = (rule: RuleText | undefined): string => JSON.stringify(rule ?? example, null, 2)

/** Reads a text as far as the page must: the API says what else does not fit. */
export function draftOf(text: string): { rule: RuleText; id: string } | { problem: string } {
  let rule: unknown
  try {
    rule = JSON.parse(text)
  } catch (error) {
    return { problem: `This is not JSON: ${(error as Error).message}` }
  }
  if (typeof rule !== 'object' || rule === null || Array.isArray(rule)) return { problem: 'A rule is a JSON object.' }
  const { id } = rule as RuleText
  if (typeof id !== 'string' || id === '')
    return { problem: 'A rule needs an `id`: small letters, digits and hyphens.' }
  return { rule: rule as RuleText, id }
}
