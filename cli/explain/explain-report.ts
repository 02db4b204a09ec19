// An explanation as text. Upstream texts are escaped, because they could control the terminal.

import type {
  ExplainedAnswer,
  ExplainedRaw,
  Explanation,
  RawDetails,
  Withdrawal,
} from '#operations/explain/explanation.ts'
import { printable } from '#platform/process/printable.ts'

export function explanationText(explanation: Explanation, zone: string, mark: (text: string) => string): string {
  const { dataset, key, ts, asked, answers } = explanation
  const title = `${dataset} ${printable(key)} at ${ts} (${localText(ts, zone)})`
  const inside =
    asked === ts
      ? []
      : [`${asked} lies inside a step of ${answers.at(-1)?.stepS} s: its point, at ${ts}, is explained.`]
  const count = answers.length === 1 ? '1 answer named it:' : `${answers.length} answers named it, oldest first:`
  const each = answers.flatMap((answer, index) => ['', ...answerLines(answer, index + 1, explanation, mark)])
  return `${[title, ...inside, verdict(explanation), '', count, ...each].join('\n')}\n`
}

function verdict({ at, known, value, knownAt, unit, answers, withdrawnBy }: Explanation): string {
  const when = at === null ? 'now' : `as of ${at}`
  if (!known) return `${when}: not known yet, first known at ${answers[0]?.knownAt}`
  if (withdrawnBy !== null) return `${when}: null, known at ${knownAt}; withdrawn by ${withdrawalText(withdrawnBy)}`
  return `${when}: ${valueText(value, unit)}, known at ${knownAt}`
}

const withdrawalText = ({ knownAt, raw }: Withdrawal): string =>
  `the answer of ${knownAt}, which does not name it: ${raw.topic} partition ${raw.partition} offset ${raw.offset}`

function answerLines(
  answer: ExplainedAnswer,
  number: number,
  { unit, transformVersion, calendar }: Explanation,
  mark: (text: string) => string,
): string[] {
  const notes = [...(answer.current ? ['this one counts'] : []), ...(answer.later ? ['later than asked for'] : [])]
  const today = answer.transformVersion === transformVersion ? '' : ` (today's is ${transformVersion})`
  const modified = answer.upstreamModifiedAt === null ? '' : `, upstream says modified at ${answer.upstreamModifiedAt}`
  return [
    `${number}. ${answer.knownAt}  ${valueText(answer.value, unit)}, ${changeText(answer, unit, calendar)}${notes.map((note) => ` (${note})`).join('')}`,
    ...facts([
      ['transform', `version ${answer.transformVersion}${today}`],
      ['window', `${answer.windowStart} to ${answer.windowEnd}, step ${answer.stepS} s`],
      ['origin', `${printable(answer.origin)}${modified}`],
      ...(answer.flags.length > 0 ? [['flags', printable(answer.flags.join(' '))] as const] : []),
      ...(answer.withdrawnBy ? [['withdrawn by', withdrawalText(answer.withdrawnBy)] as const] : []),
    ]),
    ...rawLines(answer.raw, mark),
  ]
}

function changeText(
  { change, previousValue, knownAt, windowStart }: ExplainedAnswer,
  unit: string,
  calendar: Explanation['calendar'],
): string {
  // If the value became known after delivery began, nobody saw when upstream published it. Column `delay_s` has the
  // same rule.
  if (change === 'published' && calendar === 'days' && knownAt >= windowStart) return 'first seen by a backfill'
  if (change === 'changed') return `changed from ${valueText(previousValue, unit)}`
  return { published: 'first published', repeated: 'no change', 'nothing-yet': 'no value yet' }[change]
}

function rawLines(raw: ExplainedRaw, mark: (text: string) => string): string[] {
  const where = `${raw.topic} partition ${raw.partition} offset ${raw.offset}`
  if (raw.state !== 'here') return facts([['raw record', `${where}: ${printable(raw.why)}`]])
  const headers = Object.entries(raw.headers).map(([name, text]) => `${name}: ${text}`)
  const recordHeaders = Object.entries(raw.recordHeaders).map(([name, text]) => `${name}: ${text}`)
  return [
    ...facts([
      ['raw record', `${where}, written at ${raw.writtenAt}`],
      ['record key', printable(raw.key ?? '(none)')],
      ...recordHeaders.map((text) => ['record header', printable(text)] as const),
      ...(raw.traceId === null ? [] : [['trace', raw.traceId] as const]),
      ['asked', printable(raw.url)],
      ['sent', raw.sentAt],
      ['fetched', raw.fetchedAt],
      ['answer', `status ${raw.status}, ${raw.bodyBytes} bytes`],
      ...headers.map((text) => ['header', printable(text)] as const),
      ['SHA-256', printable(raw.contentHash)],
      ...raw.problems.map((text) => ['WRONG', printable(text)] as const),
    ]),
    ...(raw.body === undefined ? [] : bodyLines(raw.body, mark)),
  ]
}

/** Shows where the value stands in the body. The excerpt is on a line of its own, so that it can be copied. */
function bodyLines(
  { place, base64, placeIsDeclared }: NonNullable<RawDetails['body']>,
  mark: (text: string) => string,
): string[] {
  if (place === null) {
    const start = oneLine(Buffer.from(base64.slice(0, 200), 'base64').toString())
    const why = placeIsDeclared
      ? 'the body names none at that time, or cannot be read; it begins'
      : 'where values of this dataset stand in a body is not declared (`place` of its source); the body begins'
    return [...facts([['value', why]]), `    ${start}`]
  }
  const [before, text, after] = [place.before, place.text, place.after].map(oneLine) as [string, string, string]
  return [
    ...facts([['value', `${printable(place.path)}, bytes ${place.fromByte} to ${place.toByte - 1} of the body`]]),
    `    ${before}${mark(text)}${after}`,
    `    ${' '.repeat([...before].length)}${'^'.repeat([...text].length)}`,
  ]
}

const oneLine = (text: string): string => printable(text.replace(/[\r\n\t]/g, ' '))

const facts = (pairs: readonly (readonly [string, string])[]): string[] =>
  pairs.map(([name, text]) => `   ${name.padEnd(13)} ${text}`)

const valueText = (value: number | null, unit: string): string => (value === null ? 'null' : `${value} ${unit}`)

function localText(iso: string, zone: string): string {
  const local = Temporal.Instant.from(iso).toZonedDateTimeISO(zone)
  return local.toString({ smallestUnit: 'minute' })
}
