/** Three queries to begin with, as lines for a shell: what is known now, what was known then, what changed. */
export function sampleQueries(nowMs: number): { title: string; command: string }[] {
  const yesterday = new Date(nowMs - 86_400_000).toISOString().slice(0, 19).replace('T', ' ')
  const today = new Date(nowMs).toISOString().slice(0, 10)
  const tomorrow = new Date(nowMs + 86_400_000).toISOString().slice(0, 10)
  const border = "dataset = 'jao.core.maxExchanges' AND key = 'border_AT_BE'"
  return [
    {
      title: 'The newest values of a border:',
      command: `npx tidemark query "SELECT ts, value AS mw, known_at FROM latest WHERE ${border} ORDER BY ts DESC LIMIT 24"`,
    },
    {
      title: 'The same as it was known yesterday:',
      command: `npx tidemark query "SELECT ts, value AS mw, known_at FROM as_of(at = '${yesterday}') WHERE ${border} ORDER BY ts DESC LIMIT 24"`,
    },
    {
      title: 'What changed today:',
      command: `npx tidemark query "SELECT * FROM changes(since = '${today}', until = '${tomorrow}') ORDER BY known_at DESC LIMIT 24"`,
    },
  ]
}
