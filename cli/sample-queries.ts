import type { Source } from '#sources/source.ts'

/**
 * Three queries to begin with, as lines for a shell: what is known now, what was known then, what changed. Of the first
 * dataset that is neither switched off nor read on request only, and of its first key, so that they stay quick however
 * much there is. Pure.
 *
 * @param off datasets that are switched off
 * @param dataOption what a command needs to mean this stack: empty, or ` --data …`
 */
export function sampleQueries(
  sources: readonly Source[],
  nowMs: number,
  dataOption: string,
  off: ReadonlySet<string> = new Set(),
): { title: string; command: string }[] {
  const all = sources.flatMap(({ datasets }) => datasets)
  const on = all.filter(({ name }) => !off.has(name))
  // Where all that is looked for unasked is off, any other that is on, and else any.
  const dataset = (on.find(({ asking }) => asking?.live) ?? on[0] ?? all[0])?.name ?? ''
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
