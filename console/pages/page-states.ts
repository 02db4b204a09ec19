// The states of the pages that other pages link to.
import { amount, day, flag, instant, names, oneOf, pageState, text, zone } from '../page-state.ts'

/** A span of an axis: days of the zone, both included. null: the past week to tomorrow. */
const days = { from: day, to: day }

export const seriesState = pageState({
  /** `dataset/key` each. */
  s: names,
  ...days,
  tz: zone,
  at: instant,
  /** The point that is explained: its instant, ms UTC. */
  point: instant,
  /** Which of its answers is shown, by when it became known. */
  known: instant,
  view: oneOf('chart', 'table'),
  hide: names,
})

export const completenessState = pageState({
  source: text,
  /** Whether datasets are shown of which nothing is collected. */
  all: flag,
  ...days,
  tz: zone,
  at: instant,
  /** The cell that is open. */
  dataset: text,
  day,
})

export const changesState = pageState({
  since: instant,
  until: instant,
  dataset: text,
  q: text,
  minSize: amount,
  ahead: flag,
  kind: oneOf('all', 'revised', 'withdrawn'),
  sort: oneOf('known', 'size'),
  tz: zone,
})

/** In place of the id of a rule: one that is not saved yet. No id has this character. */
export const newRule = '+'

export const alertsState = pageState({
  /** The rule that is open. */
  rule: text,
  /** By which knowledge it is tested. */
  test: oneOf('none', 'now', 'then'),
  /** What it told, of which more is shown. */
  event: text,
  tz: zone,
})

export const catalogueState = pageState({
  q: text,
  source: text,
  schedule: oneOf('', 'auto', 'on-demand', 'off'),
  dataset: text,
  tz: zone,
})
