// Rules that compare two series of one request. An answer brings both, one slice after the other. Between the slices, a rule
// would compare values that no answer ever said together. It waits for the other half.
import { type RuleVersion, referencesOf } from './rule.ts'
import type { RuleOnSeries } from './rule-on-series.ts'
import type { PointRun, SeriesPoints } from './series-points.ts'

/** Returns the points of another series. undefined: it is not watched here. */
export type OtherPoints = (dataset: string, key: string) => SeriesPoints | undefined

/** An answer that points came with. `isWhole`: all its slices were taken, and what it withdraws is withdrawn. */
export type Answer = Pick<PointRun, 'knownMs' | 'dueMs' | 'isSilent'> & { isWhole?: boolean }

/** What a rule waits for: the rest of the answer that became known at `knownMs`. It is judged from a cell on then. */
interface Waiting {
  knownMs: number
  fromCell: number
}

export class HalfAnswers {
  private readonly dataset: string
  private readonly points: SeriesPoints
  private readonly otherPoints: OtherPoints
  private readonly waits = new Map<RuleOnSeries, Waiting>()

  constructor(dataset: string, points: SeriesPoints, otherPoints: OtherPoints) {
    this.dataset = dataset
    this.points = points
    this.otherPoints = otherPoints
  }

  /** The rules that wait. */
  get waiting(): Iterable<RuleOnSeries> {
    return this.waits.keys()
  }

  /**
   * Returns from which cell on a rule is to be judged now, because points from `cell` on have changed. undefined: it waits.
   * The next answer ends the waiting. @param answer what changed the points. undefined: none did, they were read again
   */
  judgedFrom(rule: RuleOnSeries, cell: number, answer: Answer | undefined): number | undefined {
    const before = this.waits.get(rule)
    // Only what is published as a window is replaced as a whole. The answer to a tick names no other tick.
    if (before === undefined && (answer === undefined || answer.dueMs === null)) return cell
    const fromCell = Math.min(cell, before?.fromCell ?? cell)
    const earliest = Number.NEGATIVE_INFINITY
    const knownMs = Math.max(answer?.knownMs ?? earliest, before?.knownMs ?? earliest)
    const isWhole = answer?.isWhole === true && answer.knownMs === knownMs
    if (!isWhole && this.isHalf(rule.version, knownMs)) {
      this.waits.set(rule, { knownMs, fromCell })
      return undefined
    }
    if (before !== undefined) this.waits.delete(rule)
    return fromCell
  }

  private isHalf({ rule }: RuleVersion, knownMs: number): boolean {
    return referencesOf(rule).some(({ dataset, key }) => {
      const other = dataset === this.dataset ? this.otherPoints(dataset, key) : undefined
      return other !== undefined && this.points.isHalfKnown(other, knownMs)
    })
  }
}
