import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readRule } from '#operations/alerts/rules.ts'

test.each(['spikes', 'jao', 'queries'])('the rules of examples/alerts/%s.json can be saved', (name) => {
  const file = join(import.meta.dirname, '../../examples/alerts', `${name}.json`)
  const rules = (JSON.parse(readFileSync(file, 'utf8')) as unknown[]).map(readRule)
  expect(rules.length).toBeGreaterThan(1)
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length)
})
