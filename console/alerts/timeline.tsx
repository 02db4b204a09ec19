import { minuteText } from '../local-time.ts'
import type { Episode } from './episodes.ts'

const width = 1_000
/** An episode of a second can be seen, too. */
const leastWidth = 3

/** Episodes of all series on one axis of time, without those that lie ahead of its end. The list below has all of them. */
export const Timeline = ({
  episodes,
  fromMs,
  toMs,
  tz,
}: {
  episodes: readonly Episode[]
  fromMs: number
  toMs: number
  tz: string
}) => {
  const x = (ms: number): number => (width * (Math.min(Math.max(ms, fromMs), toMs) - fromMs)) / (toMs - fromMs)
  const drawn = episodes.filter((episode) => episode.fromMs < toMs)
  const ahead = episodes.length - drawn.length
  return (
    <figure class="timeline">
      <svg viewBox={`0 0 ${width} 30`} preserveAspectRatio="none" role="img" aria-labelledby="timeline-title">
        <title id="timeline-title">Times of {drawn.length} episodes. The list has each of them.</title>
        {drawn.map(({ id, fromMs: begin, toMs: end, isTakenBack }) => (
          <rect
            key={id}
            class={isTakenBack ? 'taken-back' : undefined}
            x={Math.min(x(begin), width - leastWidth)}
            width={Math.max(leastWidth, x(end ?? toMs) - x(begin))}
            y={4}
            height={22}
          />
        ))}
      </svg>
      <figcaption class="hint">
        <span>{minuteText(fromMs, tz)}</span>{' '}
        <span>
          {minuteText(toMs, tz)}
          {ahead > 0 && `; ${ahead} ${ahead === 1 ? 'lies' : 'lie'} ahead of it`}
        </span>
      </figcaption>
    </figure>
  )
}
