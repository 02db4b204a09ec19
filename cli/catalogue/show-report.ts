import type { CatalogueEntry } from '#catalogue/entry.ts'
import { describeSteps, keptWords } from '#catalogue/words.ts'
import type { TopicContent, TopicReader } from '#platform/kafka/topic-readers.ts'
import { printable } from '#platform/process/printable.ts'
import { aligned } from '../aligned.ts'
import type { StoreReader } from './store-readers.ts'
import type { StoredCounts } from './stored-counts.ts'

export interface Found {
  held: StoredCounts
  /** Content of the source's topics. `bytes` is the size on disk; null for an external broker. */
  topics: (TopicContent & { bytes: number | null })[]
  topicReaders: TopicReader[]
  /** Users who query the dataset; null if ClickHouse keeps no query log or denies access to it. */
  storeReaders: StoreReader[] | null
}

export function showText(entry: CatalogueEntry, found: Found | null): string {
  const parts = [declaredLines(entry), ...(found ? [heldLines(found), topicLines(found), readerLines(found)] : [])]
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function declaredLines(entry: CatalogueEntry): string[] {
  const { plausibleMin, plausibleMax, schedule, autoBackfill, shape } = entry
  const labels = Object.entries(entry.labels).map(([label, says]) => ['', `${label}: ${says}`])
  const facts = [
    ['source', `${entry.source}, of ${entry.owner}`],
    ['terms', `${entry.terms} (${entry.termsLink})`],
    ['page', entry.page],
    ['unit', entry.unit],
    ['step', describeSteps(entry.steps)],
    ['zone', entry.zone],
    ['due', entry.calendar],
    [
      'schedule',
      `${schedule}${autoBackfill ? ', the last BACKFILL_DAYS days too' : ''}, unless DATASET_SCHEDULES says otherwise`,
    ],
    ['keys', `${entry.keyPattern}, for example ${entry.keyExample}`],
    ...labels,
    ['plausible', plausibleMin === null ? 'anything' : `${plausibleMin} to ${plausibleMax}`],
    ...entry.expectations.map((sentence, at) => [at === 0 ? 'expected' : '', sentence]),
    ...Object.entries(entry.checks).map(([flag, text], at) => [at === 0 ? 'flags' : '', `${flag}: ${text}`]),
    ...Object.entries(entry.acrossAnswers).map(([check, text], at) => [
      at === 0 ? 'findings' : '',
      `${check}: ${text}`,
    ]),
    ['kept', `answers ${keptWords(entry.rawDays)}, slices ${keptWords(entry.timeseriesDays)}, rows for ever`],
    ['shape', shape === 'recorded' ? 'recorded' : 'known from documents only: no answer of it was ever recorded'],
    ['version', `${entry.transformVersion} (of what explode makes of an answer)`],
    ['view', entry.view ?? 'none'],
  ]
  return [`${entry.dataset}: ${entry.title}`, entry.description, '', ...columns(facts)]
}

function heldLines({ held }: Found): string[] {
  const { points, series, first, last, pointVersions, newestKnownAt, revisionsADay, bytesAbout } = held
  return [
    'In the store (UTC)',
    ...columns([
      ...(held.records ? [['records', `${count(held.records.rows)} in ${held.records.from}`]] : []),
      ['points', `${count(points)} of ${count(series)} series`],
      ['from, to', first === null ? 'nothing yet' : `${minute(first)}, ${minute(last)}`],
      ['ever known', `${count(pointVersions)} values, newest known at ${newestKnownAt ?? '-'}`],
      [
        'revisions',
        revisionsADay === null
          ? 'none: every answer has times of its own'
          : `${perDay(revisionsADay)} a day, over the last 7`,
      ],
      ['bytes', `about ${bytes(bytesAbout)}: its share of both tables of points, by rows`],
      ['answers', `${count(held.answers)} kept, ${bytes(held.answerBytes)} before compression`],
    ]),
  ]
}

const topicLines = ({ topics }: Found): string[] => [
  'On topics (of the whole source)',
  ...columns(
    topics.map(({ topic, records, bytes: size }) => [
      topic,
      `${count(records)} records`,
      size === null ? 'bytes not told: the broker is not ours' : bytes(size),
    ]),
  ),
]

function readerLines({ topicReaders, storeReaders }: Found): string[] {
  const groups = topicReaders.map(({ group, topic, state, members, behind }) => [
    printable(group),
    topic,
    members > 0 ? `${members === 1 ? '1 member' : `${members} members`}, ${state.toLowerCase()}` : 'nobody in it now',
    `${count(behind)} behind`,
  ])
  const users = storeReaders?.map(({ user, queries, last }) => [
    printable(user),
    `${count(queries)} queries in 30 days`,
    `last ${last}`,
  ])
  return [
    'Read by consumer groups',
    ...(groups.length === 0 ? ['  none'] : columns(groups)),
    '',
    'Read in the store',
    ...(users === undefined ? ['  the engine does not report readers'] : []),
    ...(users?.length === 0 ? ['  nobody within 30 days'] : columns(users ?? [])),
  ]
}

const columns = (lines: string[][]): string[] => aligned(lines).map((line) => `  ${line}`)

const count = (number: number): string => number.toLocaleString('en')

const perDay = (revisions: number): string => (revisions >= 10 ? count(Math.round(revisions)) : revisions.toFixed(1))

const minute = (time: string | null): string => time?.slice(0, 16).replace('T', ' ') ?? '-'

function bytes(size: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const at = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, size)) / 3))
  return `${at === 0 ? size : (size / 1_000 ** at).toPrecision(3)} ${units[at]}`
}
