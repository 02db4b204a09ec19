import { type ScheduleOverrides, scheduleOf } from '#core/dataset-schedules.ts'
import type { Source } from '#sources/source.ts'

/** Returns shell commands for a new user. They query one key of one dataset, so they stay fast. Pure. */
export function sampleQueries(
  sources: readonly Source[],
  nowMs: number,
  dataOption: string,
  overrides: ScheduleOverrides = new Map(),
): { title: string; command: string }[] {
  const all = sources.flatMap(({ datasets }) => datasets)
  const on = all.filter((dataset) => scheduleOf(dataset, overrides) !== 'off')
  // Prefers a dataset that is polled automatically, then any that is switched on.
  const dataset = (on.find((each) => scheduleOf(each, overrides) === 'auto') ?? on[0] ?? all[0])?.name ?? ''
  const yesterday = new Date(nowMs - 86_400_000).toISOString().slice(0, 19).replace('T', ' ')
  const today = new Date(nowMs).toISOString().slice(0, 10)
  const tomorrow = new Date(nowMs + 86_400_000).toISOString().slice(0, 10)
  const where = `dataset = '${dataset}' AND key = (SELECT min(key) FROM series WHERE dataset = '${dataset}')`
  const values = (from: string) =>
    `SELECT key, ts, value, known_at FROM ${from} WHERE ${where} ORDER BY ts DESC LIMIT 24`
  const command = (sql: string): string => `npx tidemark query${dataOption} "${sql}"`
  return [
    { title: 'The newest values of one key:', command: command(values('latest')) },
    {
      title: 'The same as it was known yesterday (nothing before our first fetch):',
      command: command(values(`as_of(at = '${yesterday}')`)),
    },
    {
      title: 'What changed today (nothing until upstream revises something):',
      command: command(
        `SELECT * FROM changes(since = '${today}', until = '${tomorrow}') ORDER BY known_at DESC LIMIT 24`,
      ),
    },
  ]
}
