// What alert rules told of the series of a chart.
import { type Episode, episodesOf } from '../alerts/episodes.ts'
import type { AlertEvent } from '../alerts/records.ts'
import type { Rows } from '../api/records.ts'
import { ask, pathOf, useAnswer } from '../api/request.ts'
import { type Span, splitName } from './history.ts'

/** An episode of an alert: `toMs` equals `fromMs` for what merely happened, and is null for what goes on. */
export interface AlertMark extends Episode {
  rule: string
  title: string
  severity: string
}

/** The newest events of a series that are looked at. */
const limit = 500
/** An alert that began so long before the chart is shown in it, too, ms. */
const beforeMs = 7 * 86_400_000

/** Returns the episodes that were told of series and that reach into a span; none until they are there. */
export function useAlertMarks(names: string[], { fromMs, toMs }: Span, version: number): AlertMark[] {
  const isoOf = (ms: number): string => new Date(ms).toISOString()
  const span = { from: isoOf(fromMs - beforeMs), to: isoOf(toMs), limit }
  const path = names.length === 0 ? null : `alerts of ${names.join(' ')} ${span.from} ${span.to}`
  const answer = useAnswer<AlertMark[]>(path, {
    refresh: version,
    load: async (_, signal) => {
      const read = (name: string) =>
        ask<Rows<AlertEvent>>(pathOf('alerts/events', { ...splitName(name), ...span }), { signal })
      const answers = await Promise.all(names.map(read))
      return answers.flatMap(({ data }) => alertMarks(data)).filter((mark) => mark.toMs === null || mark.toMs >= fromMs)
    },
  })
  return answer.state === 'ready' ? answer.value : []
}

/** Joins what was told, the newest first, to episodes in the order in which they were told. Pure. */
export function alertMarks(newestFirst: readonly AlertEvent[]): AlertMark[] {
  const events = newestFirst.toReversed()
  const byId = new Map(events.map((event) => [event.id, event]))
  const episodes = episodesOf(
    events.map(({ onset_at: onsetAt, ends_at: endsAt, firing_id: firingId, ...event }) => ({
      ...{ ...event, onsetAt, endsAt, firingId },
    })),
  )
  return episodes.flatMap((episode) => {
    const event = byId.get(episode.id)
    return event === undefined
      ? []
      : [{ ...episode, rule: event.rule_id, title: event.title, severity: event.severity }]
  })
}
