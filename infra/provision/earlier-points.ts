import { readRows, type Store } from '#platform/clickhouse/client.ts'

/** Name of the migration that introduced accepted answers. Rebuilds before it added no accepted answers. */
const answersSince = 'create_stored_answers'

/**
 * Returns the advice to rebuild if points of an older release lack their accepted answer. Returns undefined if no point
 * does, or if a rebuild has finished since accepted answers exist.
 */
export async function rebuildAdvice(store: Store): Promise<string | undefined> {
  const query = `SELECT
      (SELECT count() FROM tidemark.points WHERE identity = 0) AS points,
      (SELECT count() FROM tidemark.replays FINAL WHERE kind = 'rebuild' AND state = 'finished'
         AND started_at >= (SELECT min(applied_at) FROM tidemark.migrations WHERE name = '${answersSince}')) AS rebuilds`
  const [found] = await readRows<{ points: number; rebuilds: number }>(store, query, {})
  if (found === undefined || found.points === 0 || found.rebuilds > 0) return undefined
  return `${found.points.toLocaleString('en')} values were stored by an older release, without the answer that named them: no newer answer can withdraw them. Nothing is lost; "npx tidemark rebuild" reads raw again and adds the answers`
}
