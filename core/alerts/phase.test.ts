import { expect, test } from 'vitest'
import { inactive, isFiring, nextPhase, type Persistence, type PhaseState } from './phase.ts'

const stepMs = 10_000
const atOnce: Persistence = { forMs: 0, forSamples: 1, keepFiringMs: 0 }

/** Steps through points: `+` meets the condition, `-` does not, `?` is undefined, a blank is no point. */
function phases(text: string, rule: Partial<Persistence>): { letters: string; last: PhaseState } {
  let state = inactive
  let letters = ''
  for (const [at, sign] of [...text].entries()) {
    if (sign !== ' ')
      state = nextPhase(state, at * stepMs, sign === '?' ? undefined : sign === '+', { ...atOnce, ...rule })
    letters += { inactive: '.', pending: 'p', firing: 'F', recovering: 'r' }[state.phase]
  }
  return { letters, last: state }
}

const signs = (text: string, rule: Partial<Persistence> = {}) => phases(text, rule).letters

test('without more, each point decides', () => {
  expect(signs('-++-+')).toBe('.FF.F')
})

test('`for` counts from the first point of the excursion, its own time included', () => {
  // 30 s lie between the first point and the fourth.
  expect(signs('-+++++-', { forMs: 30_000 })).toBe('.pppFF.')
  expect(signs('+++-++++', { forMs: 30_000 })).toBe('ppp.pppF')
})

test('`for` needs its samples, too: two points half an hour apart are not an excursion of half an hour', () => {
  expect(signs('+          +', { forMs: 30_000, forSamples: 3 })).toBe('pppppppppppp')
  expect(signs('+          ++', { forMs: 30_000, forSamples: 3 })).toBe('ppppppppppppF')
})

test('what is undefined changes nothing, and a gap does not begin `for` anew', () => {
  expect(signs('+?? +-', { forMs: 40_000, forSamples: 2 })).toBe('ppppF.')
  expect(signs('+????', { forMs: 30_000 })).toBe('ppppp')
  expect(signs('+-?+', { keepFiringMs: 20_000 })).toBe('FrrF')
  expect(nextPhase(inactive, 5, undefined, atOnce)).toBe(inactive)
})

test('of the newest points, k meet the condition', () => {
  const times = { of: 4, atLeast: 3 }
  expect(signs('+-++', { times })).toBe('...F')
  // The four of the first F are -+++; an undefined point is none of them. Those of the second are +++-.
  expect(signs('+-+--+?++--', { times })).toBe('........FF.')
  expect(signs('+--++', { times: { of: 2, atLeast: 1 } })).toBe('FF.FF')
})

test('the greatest number of points that `times` allows is counted to the last', () => {
  const times = { of: 31, atLeast: 31 }
  expect(signs('+'.repeat(32), { times })).toBe(`${'.'.repeat(30)}FF`)
  expect(signs(`${'+'.repeat(30)}-${'+'.repeat(31)}`, { times })).toBe(`${'.'.repeat(61)}F`)
  const one = { of: 31, atLeast: 1 }
  expect(signs(`+${'-'.repeat(31)}`, { times: one })).toBe(`${'F'.repeat(31)}.`)
})

test('`for` and `times` together: the excursion begins when enough points meet the condition', () => {
  const { letters, last } = phases('++-++', { times: { of: 3, atLeast: 2 }, forMs: 20_000 })
  expect(letters).toBe('.ppFF')
  expect(last.onsetMs).toBe(stepMs)
})

test('a rule fires on for a while, and its excursion goes on if the condition holds again', () => {
  const rule = { keepFiringMs: 20_000 }
  expect(signs('+--+---', rule)).toBe('Frr'.concat('Frr.'))
  const { last } = phases('-+-+', rule)
  expect([last.onsetMs, isFiring(last)]).toEqual([stepMs, true])
  // The 20 s count anew from the second time.
  expect(signs('+-+--+', rule)).toBe('FrFrrF')
})

test('a point that changes nothing leaves the very same state, so that nothing is kept of it', () => {
  const firing = nextPhase(inactive, 0, true, atOnce)
  expect(nextPhase(firing, stepMs, true, atOnce)).toBe(firing)
  expect(nextPhase(inactive, 0, false, atOnce)).toBe(inactive)
})
