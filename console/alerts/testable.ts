// By which knowledge a rule can be tested on the past, and what the tests mean. Pure.
import type { RuleText } from './records.ts'

/** now: by what is known now. then: as it was known. */
export type TestKind = 'now' | 'then'

/** Returns the tests that can say something about a rule, and in a sentence what they mean, or why others are missing. */
export function testsOf({ when }: RuleText): { kinds: TestKind[]; says: string } {
  const has = (name: string): boolean => typeof when === 'object' && when !== null && name in when
  if (has('becomes'))
    return {
      kinds: [],
      says: 'A rule about windows cannot be tested on the past, because it judges no values. Completeness shows which windows were late.',
    }
  if (has('revision') || has('withdrawn'))
    return {
      kinds: ['then'],
      says: 'What is known now has neither revisions nor withdrawn values: such a rule is tested only as it was known, which is what you would have been told.',
    }
  return {
    kinds: ['now', 'then'],
    says: '“As it was known” judges each value at the time at which it became known: that is what you would have been told. “By what is known now” judges the values of today, in which revisions have replaced what was published first.',
  }
}
