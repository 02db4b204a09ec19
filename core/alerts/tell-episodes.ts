import type { Episode, ToldEpisode } from './rule-on-series.ts'

/** What must be said so that what was told is what is known. */
export type EpisodeNews =
  | { kind: 'firing'; episode: Episode }
  | { kind: 'changed' | 'resolved' | 'cancelled'; episode: Episode; told: ToldEpisode }

/**
 * Compares what was told with what is known now. Pure.
 * @param told the newest told episodes, oldest first
 * @param fromMs of episodes that began before it, or ended, nothing is held: they were not taken back
 * @param canFire whether an episode may be told that was not: points that became known too late never alert
 */
export function tellEpisodes(
  told: readonly ToldEpisode[],
  known: readonly Episode[],
  fromMs: number,
  canFire: (episode: Episode) => boolean,
): EpisodeNews[] {
  const news: EpisodeNews[] = []
  const toldAt = new Map(told.map((each) => [each.onsetMs, each]))
  for (const episode of known) {
    const before = toldAt.get(episode.onsetMs)
    if (before === undefined) {
      if (canFire(episode)) news.push({ kind: 'firing', episode })
    } else if (before.endsMs !== episode.endsMs) {
      const kind = before.endsMs === null ? 'resolved' : 'changed'
      news.push({ kind, episode, told: before })
    }
  }
  const knownAt = new Set(known.map(({ onsetMs }) => onsetMs))
  for (const before of told) {
    const isForgotten = before.onsetMs < fromMs || (before.endsMs !== null && before.endsMs < fromMs)
    if (!knownAt.has(before.onsetMs) && !isForgotten) news.push({ kind: 'cancelled', episode: before, told: before })
  }
  return news
}
