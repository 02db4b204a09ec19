import { expect, test } from 'vitest'
import { roleOf } from './oidc.ts'

test('the highest role counts, whatever the order; what is no text and what is not mapped counts as nothing', () => {
  const roles = new Map([
    ['ops', 'operator'],
    ['desk', 'trader'],
  ] as const)
  expect(roleOf(['desk', 'ops'], roles)).toBe('operator')
  expect(roleOf(['ops', 'desk'], roles)).toBe('operator')
  expect(roleOf('desk', roles)).toBe('trader')
  for (const values of [undefined, null, [], 'staff', ['staff', 7], { ops: true }])
    expect(roleOf(values, roles)).toBeUndefined()
})
