// Limits of direct-current cables, for the check `jump`. A cable cannot carry more than its rating, whatever a calculation
// says. Ratings in MW stand in the list of virtual hubs of 2026-06-10; of ALEGrO (BE-DE) -1000 to 1000 is recorded over
// seven months. A recorded capacity is up to 3.3 % above the rating (NorNed 723, NordLink 1,444), because it counts what
// is lost on the way, so a limit is 5 % above it.
// No limit is declared where several lines make a border: the recorded capacity of DK1-DE is 3,500 MW and of DK2-DE 1,000,
// though the list says 1,780 and 600. Nor of offered capacity in auctions: netting makes it larger than the cable.
import type { AcrossCheck, JumpCheck, Limits } from '../answers/across-answers.ts'

const aboveRating = 1.05

/** Ratings, MW, by the zones at both ends. */
const bordersMw = { DK1_NL: 700, NL_NO2: 700, DE_NO2: 1_400, DE_SE4: 615, PL_SE4: 600, ALBE_ALDE: 1_000 }
const hubsMw = {
  ALBE: 1_000,
  ALDE: 1_000,
  DE_NO2_BigHub: 1_400,
  DE_SE4_Baltic: 615,
  NL_DK1_COBRA: 700,
  NL_NO2_NorNed: 700,
  PL_LT_BigHub: 500,
  PL_SE4_SwePol: 600,
}

const bothWays = (border: string): string[] => [border, border.split('_').toReversed().join('_')]

const limitsOf = (ratingsMw: Record<string, number>, keysOf: (name: string) => string[]): Record<string, Limits> =>
  Object.fromEntries(
    Object.entries(ratingsMw).flatMap(([name, mw]) =>
      keysOf(name).map((key) => [key, { min: -mw * aboveRating, max: mw * aboveRating }]),
    ),
  )

const borderLimits = limitsOf(bordersMw, (border) => bothWays(border).map((name) => `border_${name}`))
const hubLimits = limitsOf(hubsMw, (hub) => [`hub_${hub}`])

const beyondRating = (limits: NonNullable<JumpCheck['limits']>, what: string): JumpCheck => ({
  check: 'jump',
  text: `${what} of a direct-current cable is more than 5 % above the rating of the cable.`,
  limits,
})

export const flowBeyondRating = beyondRating(borderLimits, 'The capacity or the exchange')
export const positionBeyondRating = beyondRating(hubLimits, 'The net position of the hub')

const daysS = 86_400

/** A day at a time is published, so two weeks of days say what is usual. */
export const fewRowsOfDay: AcrossCheck = {
  check: 'few-rows',
  text: 'A complete day has less than half of the usual values: the median of the 14 complete days before, within 60 days.',
  ...{ share: 0.5, history: 14, minHistory: 7, withinS: 60 * daysS },
}

export const fewRowsOfHour: AcrossCheck = {
  check: 'few-rows',
  text: 'A complete hour has less than half of the usual rows: the median of the 48 complete hours before, within 7 days.',
  ...{ share: 0.5, history: 48, minHistory: 24, withinS: 7 * daysS },
}
