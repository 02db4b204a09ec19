import { type AnswerRow, answerBody, answerRows } from './answer.ts'
import { daysWithin } from './calendar.ts'
import { type Contents, contentsOf } from './contents.ts'
import { type JaoDataset, maxExchanges } from './dataset.ts'
import { type Ledger, ledgerAt } from './ledger.ts'
import { type Command, type Publication, rowCount } from './publications.ts'
import { createTimeline, type Timeline } from './timeline.ts'

/** One simulated dataset without HTTP, clock and faults. Its answers depend only on seed, commands and time. */
export type Upstream = Pick<Timeline, 'command' | 'commands'> & {
  readonly dataset: JaoDataset
  /** Returns the answer at `atMs` with the rows in [fromMs, toMs). Takes less than 3 ms per day. */
  body(fromMs: number, toMs: number, atMs: number): Buffer
  published(day: string, atMs: number): { publication: Publication; contents: Contents } | undefined
  /** Returns the content at `atMs`, or the content of the first publication if the day is not published yet. */
  expected(day: string, atMs: number): Contents
  history(day: string): (Publication & { firstId: number })[]
}

/** Limit of cached days. 64 days take about 6 MB. */
const KEPT_DAYS = 64
/** How far ahead ids are counted, ms, so that the next days need no new count. */
const LEDGER_AHEAD_MS = 30 * 86_400_000

export function createUpstream(
  given: number,
  commands: readonly Command[] = [],
  dataset: JaoDataset = maxExchanges,
): Upstream {
  const seed = given ^ dataset.salt
  const timeline = createTimeline(seed, dataset)
  const kept = new Map<string, AnswerRow[]>()
  let ledger: Ledger | undefined
  let askedMs = 0

  const firstId = (publication: Publication) => {
    if (ledger === undefined || !ledger.reaches(publication)) {
      const untilMs = Math.max(askedMs, publication.publishedAtMs) + LEDGER_AHEAD_MS
      const count = (each: Publication) => rowCount(each, dataset)
      ledger = ledgerAt(untilMs, timeline.publications, timeline.commandedDays(), dataset.firstDay, count)
    }
    return ledger.firstId(publication)
  }
  const rows = (publication: Publication) => {
    const name = `${publication.day} ${publication.revision}`
    const known = kept.get(name)
    if (known !== undefined) return known
    const contents = contentsOf(seed, publication, dataset)
    const made = answerRows(contents, firstId(publication), dataset, publication.publishedAtMs)
    const oldest = kept.keys().next()
    if (kept.size >= KEPT_DAYS && !oldest.done) kept.delete(oldest.value)
    kept.set(name, made)
    return made
  }
  for (const earlier of commands) timeline.command(earlier)

  return {
    dataset,
    body(fromMs, toMs, atMs) {
      askedMs = Math.max(askedMs, atMs)
      const found = daysWithin(fromMs, toMs, dataset.firstDay).flatMap(({ day }) => {
        const publication = timeline.inForce(day, atMs)
        return publication === undefined ? [] : rows(publication)
      })
      const within = found.filter(({ hourMs }) => hourMs >= fromMs && hourMs < toMs)
      return answerBody(within, dataset.totalRows)
    },
    published(day, atMs) {
      const publication = timeline.inForce(day, atMs)
      return publication && { publication, contents: contentsOf(seed, publication, dataset) }
    },
    expected(day, atMs) {
      const publication = timeline.inForce(day, atMs) ?? timeline.publications(day)[0]
      return contentsOf(seed, publication, dataset)
    },
    history: (day) =>
      timeline.publications(day).map((publication) => ({ ...publication, firstId: firstId(publication) })),
    command(command) {
      timeline.command(command)
      kept.clear()
      ledger = undefined
    },
    commands: timeline.commands,
  }
}
