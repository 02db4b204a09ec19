// Dead letters as text. All content is escaped, because it could control the terminal.
import { type DeadLetter, placeName, refusedForSameReason } from '#core/dead-letter.ts'
import type { LetterGroup } from '#operations/dead-letters/list.ts'
import type { SkippedDeadLetter, SkipReason } from '#operations/dead-letters/plan.ts'
import type { LetterContent } from '#operations/dead-letters/show.ts'
import { printable } from '#platform/process/printable.ts'
import { utcText } from '#platform/process/utc-text.ts'
import { type RawResponse, rawResponseSchema } from '#schemas/generated/records.ts'
import { aligned } from '../aligned.ts'

export function groupsText(groups: readonly LetterGroup[]): string {
  if (groups.length === 0) return 'no dead letters\n'
  const head = ['letters', 'reason', 'dataset', 'topic', 'first', 'last', 'for example']
  const lines = groups.map(({ letters, reason, dataset, topic, first, last, example }) =>
    [String(letters), reason, dataset ?? '-', topic ?? '-', first, last, example].map(cell),
  )
  return `${aligned([head, ...lines]).join('\n')}\n`
}

export function lettersText(letters: readonly DeadLetter[]): string {
  if (letters.length === 0) return 'no dead letters\n'
  const head = ['id', 'time', 'reason', 'attempts', 'key', 'topic', 'state', 'message']
  const lines = letters.map((letter) => {
    const { id, atMs, reason, attempts, key, source, decision, message } = letter
    const state = decision?.decision ?? 'open'
    return [id, utcText(atMs), reason, String(attempts), key ?? '-', source?.topic ?? '-', state, message].map(cell)
  })
  return `${aligned([head, ...lines]).join('\n')}\n`
}

const maxCellChars = 120

const cell = (text: string): string => {
  const safe = printable(text)
  return safe.length > maxCellChars ? `${safe.slice(0, maxCellChars - 1)}…` : safe
}

export function letterText(letter: DeadLetter, headers: [string, string][], content: string): string {
  const { id, key, decision } = letter
  const settled = decision && `${decision.decision} at ${utcText(decision.atMs)} by ${decision.by}: ${decision.why}`
  const lines = [
    `${id}  ${settled ?? 'open'}`,
    ...(refusedForSameReason(letter) ? ['came back for the same reason'] : []),
    `key: ${key ?? '(none)'}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ]
  return `${lines.map(printable).join('\n')}\n\n${content}\n`
}

const maxExcerpt = 1_000

export function contentText(content: LetterContent): string {
  if (content.kind === 'nothing') return 'no value'
  if (content.kind === 'bytes') {
    const { bytes, problem } = content
    return problem === undefined ? excerpt(bytes) : `${printable(problem)}\n${excerpt(bytes)}`
  }
  const { schema, record } = content
  if (schema === rawResponseSchema) return rawText(record as RawResponse)
  const text = JSON.stringify(record)
  return printable(`${schema.name} ${text.length > maxExcerpt ? `${text.slice(0, maxExcerpt)}…` : text}`)
}

function rawText({ dataset, windowStart, windowEnd, url, status, fetchedAt, body }: RawResponse): string {
  const lines = [
    `dataset: ${dataset}`,
    `window: ${utcText(windowStart)} to ${utcText(windowEnd)}`,
    `url: ${url}`,
    `status: ${status}`,
    `fetchedAt: ${utcText(fetchedAt)}`,
  ]
  return `${lines.map(printable).join('\n')}\nbody: ${excerpt(body)}`
}

/** Shows the first bytes as text if they are UTF-8, else in hexadecimal. */
function excerpt(bytes: Buffer): string {
  const start = bytes.subarray(0, maxExcerpt)
  const text = new TextDecoder().decode(start, { stream: true })
  const shown = text.includes('\ufffd') ? start.subarray(0, 200).toString('hex') : printable(text)
  const rest = bytes.length > start.length ? '…' : ''
  return `${bytes.length} bytes: ${shown}${rest}`
}

export interface Outcome {
  verb: 'requeued' | 'dropped'
  dryRun: boolean
  done: readonly DeadLetter[]
  skipped: readonly SkippedDeadLetter[]
  unknown: readonly string[]
  /** True: the released dataset is parked. null: the normalizer does not answer. undefined: not a release. */
  parked?: boolean | null
  /** New dead letters of requeued records. null: the records are not handled yet. undefined: nobody looked for them. */
  refusedAgain?: readonly DeadLetter[] | null
}

/** Prints an outcome. Sets exit code 1 if a dead letter stays, is unknown, or was refused again. */
export function printOutcome(outcome: Outcome, json: boolean | undefined): void {
  process.stdout.write(json ? `${JSON.stringify(outcomeJson(outcome))}\n` : outcomeText(outcome))
  if (outcome.skipped.length + outcome.unknown.length + (outcome.refusedAgain?.length ?? 0) > 0) process.exitCode = 1
}

const outcomeJson = ({ verb, dryRun, done, skipped, unknown, parked, refusedAgain }: Outcome) => ({
  dryRun,
  ...(parked !== undefined && { parked }),
  ...(refusedAgain !== undefined && {
    refusedAgain:
      refusedAgain?.map(({ id, returnOf, reason, message }) => ({ id, of: returnOf, reason, message })) ?? null,
  }),
  [verb]: done.map(({ id }) => id),
  skipped: [
    ...skipped.map(({ letter, why }) => ({ id: letter.id, why: stayText(why, verb) })),
    ...unknown.map((id) => ({ id, why: 'there is no such letter' })),
  ],
})

/** Returns the outcome as text: a line per reason and topic of handled letters, and a line per letter that stays. */
export function outcomeText({ verb, dryRun, done, skipped, unknown, refusedAgain }: Outcome): string {
  const alike = Map.groupBy(done, ({ reason, source }) => `${reason} on ${source?.topic ?? 'no topic'}`)
  const counts = [...alike].map(([name, letters]) => `  ${letters.length} ${name}`)
  const lines = [
    `${done.length === 1 ? '1 letter' : `${done.length} letters`} ${dryRun ? 'would be ' : ''}${verb}`,
    ...counts,
    ...comebackLines(refusedAgain),
    ...skipped.map(({ letter, why }) => `${letter.id} stays: ${stayText(why, verb)}`),
    ...unknown.map((id) => `${id}: there is no such letter`),
  ]
  return `${lines.map(printable).join('\n')}\n`
}

const maxComebacksShown = 5

function comebackLines(letters: Outcome['refusedAgain']): string[] {
  if (letters === null)
    return ['they are not handled yet: `npx tidemark dlq list` shows later which were refused again']
  const [first] = letters ?? []
  if (letters === undefined || first === undefined) return []
  return [
    `${letters.length} refused again, ${letters.length === 1 ? 'as a new letter' : 'as new letters'}:`,
    ...letters.slice(0, maxComebacksShown).map(({ id, reason, message }) => `  ${id} ${reason}: ${message}`),
    ...(letters.length > maxComebacksShown ? [`  and ${letters.length - maxComebacksShown} more`] : []),
    `\`npx tidemark dlq show ${first.id}\` shows what was refused and why`,
  ]
}

export function stayText(why: SkipReason, verb: Outcome['verb'] = 'requeued'): string {
  switch (why.kind) {
    case 'settled':
      return `was ${why.decision} before${verb === 'requeued' ? ': --again sends it once more' : ''}`
    case 'no-source':
      return 'its headers do not say where it came from'
    case 'left-out':
      return `was too large for a letter: it lies at ${placeName(why.source)}, for a replay to read`
    case 'foreign-topic':
      return `${why.topic} is not a topic whose letters lie on ${why.deadLetters}`
    case 'no-partition':
      return `${why.topic} has no partition ${why.partition}`
    case 'parked':
      return `${why.dataset} is parked: \`npx tidemark dlq release ${why.dataset}\``
    case 'same-reason':
      return `came back for the same reason (${why.reason}, ${why.attempts} attempts): --again when that is mended`
    case 'deleted':
      return 'retention has deleted it'
    case 'not-taken':
      return why.message
    case 'not-tried':
      return 'not tried: Kafka took none of those before it'
    case 'undecided':
      return `was sent back, but still looks open: ${why.message}`
    case 'would-be-refused':
      return `would be refused again (${why.reason}: ${why.message})`
    case 'newer-would-be-refused':
      return 'was not tried: a newer one of its kind would be refused again'
  }
}
