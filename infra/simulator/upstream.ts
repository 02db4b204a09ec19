import { type AnswerRow, answerBody, answerRows } from './answer.ts'
import { daysWithin } from './calendar.ts'
import { type Contents, contentsOf } from './contents.ts'
import { type Ledger, ledgerAt } from './ledger.ts'
import { type Command, inForce, type Publication, publicationsOf } from './publications.ts'

/** The simulated publication tool without HTTP, clock or faults: what is published is a function of seed and commands. */
export type Upstream = {
  /** The body upstream answers at `atMs` for rows from `fromMs` (included) to `toMs` (excluded). Under 3 ms a day. */
  body(fromMs: number, toMs: number, atMs: number): Buffer
  /** What is published of a day at `atMs`; undefined before its first publication. */
  published(day: string, atMs: number): { publication: Publication; contents: Contents } | undefined
  /** The content in force at `atMs`, or, before the first publication, the content that one would have. */
  expected(day: string, atMs: number): Contents
  /** All publications of a day, those to come included, with the id of each one's first row. */
  history(day: string): (Publication & { firstId: number })[]
  /** Accepts a command that was checked before (`refusal` in control.ts). */
  command(command: Command): void
  commands(): readonly Command[]
}

/** Days kept as text: 64 days are about 6 MB. */
const KEPT_DAYS = 64
/** The ids are counted this far ahead, so that asking day after day does not count them anew each time. */
const LEDGER_AHEAD_MS = 30 * 86_400_000

/** @param commands those accepted earlier, in their order: the same list gives the same upstream */
export function createUpstream(seed: number, commands: readonly Command[] = []): Upstream {
  const accepted: Command[] = []
  const byDay = new Map<string, Command[]>()
  const kept = new Map<string, AnswerRow[]>()
  let ledger: Ledger | undefined
  let askedMs = 0

  const publications = (day: string) => publicationsOf(seed, day, byDay.get(day) ?? [])
  const command = (given: Command) => {
    accepted.push(given)
    byDay.set(given.day, [...(byDay.get(given.day) ?? []), given])
    kept.clear()
    ledger = undefined
  }
  const firstId = (publication: Publication) => {
    if (ledger === undefined || !ledger.reaches(publication)) {
      ledger = ledgerAt(Math.max(askedMs, publication.publishedAtMs) + LEDGER_AHEAD_MS, publications, byDay.keys())
    }
    return ledger.firstId(publication)
  }
  const rows = (publication: Publication) => {
    const name = `${publication.day} ${publication.revision}`
    const known = kept.get(name)
    if (known !== undefined) return known
    const made = answerRows(contentsOf(seed, publication), firstId(publication))
    const oldest = kept.keys().next()
    if (kept.size >= KEPT_DAYS && !oldest.done) kept.delete(oldest.value)
    kept.set(name, made)
    return made
  }
  for (const earlier of commands) command(earlier)

  return {
    body(fromMs, toMs, atMs) {
      askedMs = Math.max(askedMs, atMs)
      const found = daysWithin(fromMs, toMs).flatMap(({ day }) => {
        const publication = inForce(publications(day), atMs)
        return publication === undefined ? [] : rows(publication)
      })
      return answerBody(found.filter(({ hourMs }) => hourMs >= fromMs && hourMs < toMs))
    },
    published(day, atMs) {
      const publication = inForce(publications(day), atMs)
      return publication && { publication, contents: contentsOf(seed, publication) }
    },
    expected(day, atMs) {
      const all = publications(day)
      return contentsOf(seed, inForce(all, atMs) ?? all[0])
    },
    history: (day) => publications(day).map((publication) => ({ ...publication, firstId: firstId(publication) })),
    command,
    commands: () => accepted,
  }
}
