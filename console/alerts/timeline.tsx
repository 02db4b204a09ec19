import { minuteText } from '../local-time.ts'
import type { Episode } from './episodes.ts'

const width = 1_000
/** An episode of a second can be seen, too. */
const leastWidth = 3

/** Episodes of all series on one axis of time. The list below it says the same. */
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
  return (
    <figure class="timeline">
      <svg viewBox={`0 0 ${width} 30`} preserveAspectRatio="none" role="img" aria-labelledby="timeline-title">
        <title id="timeline-title">Times of {episodes.length} episodes. The list has each of them.</title>
        {episodes.map(({ id, fromMs: begin, toMs: end, isTakenBack }) => (
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
        <span>{minuteText(fromMs, tz)}</span> <span>{minuteText(toMs, tz)}</span>
      </figcaption>
    </figure>
  )
}
