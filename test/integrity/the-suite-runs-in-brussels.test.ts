import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

// Stored time is UTC, business days are Brussels': code that takes the machine's zone for either would pass under UTC.
test('the suite itself runs under TZ=Europe/Brussels, and so do the processes it starts', () => {
  expect(process.env.TZ, 'run it with `npm test`, or with TZ=Europe/Brussels before vitest').toBe('Europe/Brussels')
  expect(new Date('2026-10-25T00:30:00Z').getHours()).toBe(2)
  expect(new Date('2026-10-25T01:30:00Z').getHours()).toBe(2)
  const child = spawnSync(process.execPath, ['-p', 'new Date("2026-07-01T00:00:00Z").getTimezoneOffset()'])
  expect(child.stdout.toString().trim()).toBe('-120')
})
