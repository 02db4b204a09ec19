import { expect, test } from 'vitest'
import { readRule } from '#operations/alerts/rules.ts'
import { draftOf, textOf } from './draft.ts'

test('the rule to begin with is one that could be saved', () => {
  const draft = draftOf(textOf(undefined))
  expect('rule' in draft && readRule(draft.rule).of.dataset).toBe('kraken.ticker')
})

test('a text that is not a rule is refused with the reason', () => {
  const problem = (text: string): string => {
    const draft = draftOf(text)
    return 'problem' in draft ? draft.problem : 'none'
  }
  expect(problem('{"id": ')).toContain('This is not JSON: ')
  expect([problem('[]'), problem('null'), problem('7')]).toEqual(Array(3).fill('A rule is a JSON object.'))
  expect(problem('{"id": 7}')).toContain('needs an `id`')
  expect(draftOf('{"id": "a", "more": 1}')).toEqual({ rule: { id: 'a', more: 1 }, id: 'a' })
})
