import { useEffect } from 'preact/hooks'
import { go, hrefTo, useState } from '../address.ts'
import { AlertLines } from '../alerts/alert-list.tsx'
import { nowMs as serverNowMs } from '../api/clock.ts'
import type { Change, Rows, SourceLine } from '../api/records.ts'
import { pathOf, useAnswer } from '../api/request.ts'
import { CardTable } from '../layout/card-table.tsx'
import { causeText } from '../layout/classes.tsx'
import type { Column } from '../layout/long-table.tsx'
import { Name } from '../layout/name.tsx'
import { Empty, Shown } from '../layout/states.tsx'
import { minuteText, withoutDay } from '../local-time.ts'
import { flag, instant, pageState, zone } from '../page-state.ts'
import { SeriesSearch } from '../series/series-search.tsx'
import { answersOf } from './change-groups.ts'
import { ChangeTable, useUnits } from './change-table.tsx'
import { expectedText, lateText } from './late-text.ts'
import { completenessState, seriesState } from './page-states.ts'

const nowState = pageState({ since: instant, all: flag, tz: zone })

const everyMs = 15_000
const readChanges = 1_000
const shownChanges = 30
const shownLate = 6
const lastLookKey = 'tidemark.lastLook'
const dayMs = 86_400_000

/** One line a source, and what changed since the reader looked last. */
export function Now() {
  const { state, change } = useState(nowState)
  const since = state.since ?? lastLook()
  useRememberedLook()
  const lookSince = (ms: number): void => {
    // The tab comes back to it from another page, whose address does not name it.
    sessionStorage.setItem(lastLookKey, String(ms))
    change({ since: ms })
  }
  const sources = useAnswer<{ data: SourceLine[] }>('sources', { everyMs })
  const changes = useAnswer<Rows<Change>>(changesPath(since, state.all), { everyMs })
  const units = useUnits()
  const { tz } = state
  return (
    <>
      <h1>Now</h1>
      <div class="tools">
        <SeriesSearch
          title="Look at a series"
          chosen={[]}
          onChoose={(name) => go(hrefTo('/series', seriesState, { s: [name], tz }))}
        />
      </div>
      <AlertLines sinceMs={since} tz={tz} />
      <section aria-labelledby="sources">
        <h2 id="sources">What is there</h2>
        <Shown answer={sources} isEmpty={({ data }) => data.length === 0} empty={<NothingYet />}>
          {({ data }) => (
            <CardTable
              rows={data.toSorted(byUrgency)}
              columns={sourceColumns(tz)}
              nameOf={({ source }) => source}
              hasHeads
            />
          )}
        </Shown>
      </section>
      <section aria-labelledby="changes">
        <h2 id="changes">What changed since {minuteText(since, tz)}</h2>
        <p class="tools">
          <button type="button" onClick={() => lookSince(serverNowMs())}>
            I have seen it
          </button>
          <button type="button" onClick={() => lookSince(serverNowMs() - dayMs)}>
            The last 24 hours
          </button>
          <label>
            <input type="checkbox" checked={state.all} onChange={() => change({ all: !state.all })} /> also windows that
            are over
          </label>
        </p>
        <Shown
          answer={changes}
          isEmpty={({ data }) => data.length === 0}
          empty={`No value ${state.all ? '' : 'of a window that is still ahead '}was revised or withdrawn since then.`}
        >
          {({ data, next }) => (
            <>
              <ChangeTable groups={answersOf(data).slice(0, shownChanges)} tz={tz} unitOf={units} />
              {(next !== null || answersOf(data).length > shownChanges) && (
                <p>
                  These are the largest{next === null ? ` ${shownChanges}` : ` of more than ${readChanges} changes`}.{' '}
                  <a href="/changes">Changes</a> has all.
                </p>
              )}
            </>
          )}
        </Shown>
      </section>
    </>
  )
}

function changesPath(since: number, isAll: boolean): string {
  const hour = Math.floor(serverNowMs() / 3_600_000) * 3_600_000
  return pathOf('changes', {
    since: new Date(since).toISOString(),
    from: isAll ? null : new Date(hour).toISOString(),
    sort: 'size',
    limit: readChanges,
  })
}

const NothingYet = () => (
  <Empty>
    No source has windows of today or tomorrow yet. A new stack needs a minute; <code>npx tidemark status</code> says
    how it goes.
  </Empty>
)

const sourceColumns = (tz: string): Column<SourceLine>[] => [
  {
    title: 'Source',
    of: ({ source }) => <a href={hrefTo('/completeness', completenessState, { source, tz })}>{source}</a>,
  },
  { title: 'State', of: (line) => <State line={line} tz={tz} /> },
  {
    title: 'Complete',
    isNumber: true,
    of: ({ complete, expected, of, day }) =>
      `${complete} of ${expected} ${of === 'ticks' ? 'ticks' : 'windows'} of ${day}`,
  },
  {
    title: 'Last at',
    of: ({ lastAt, at }) => (lastAt === null ? '–' : shortTime(Date.parse(lastAt), Date.parse(at), tz)),
  },
  { title: 'Expected by', of: (line) => <Expected line={line} tz={tz} /> },
]

function State({ line, tz }: { line: SourceLine; tz: string }) {
  const { source, late } = line
  const nowMs = Date.parse(line.at)
  const { mark, text } = stateOf(line, tz)
  return (
    <>
      <span class={`mark mark-${mark}`}>{text}</span>
      {late !== null && late.cause !== null && <div class="cause">{causeText(late.cause)}</div>}
      {late?.datasets.slice(0, shownLate).map((each) => (
        <div key={each.dataset}>
          <a href={hrefTo('/completeness', completenessState, { source, dataset: each.dataset, day: each.day, tz })}>
            <Name of={each.dataset} />
          </a>{' '}
          {lateText(each, nowMs, tz)}
        </div>
      ))}
      {late !== null && late.datasets.length > shownLate && (
        <div>and {late.datasets.length - shownLate} more datasets</div>
      )}
    </>
  )
}

function stateOf({ late, complete, expected, of, at, nextExpectedBy }: SourceLine, tz: string) {
  if (late !== null) {
    const since = late.since === null ? '' : ` since ${shortTime(Date.parse(late.since), Date.parse(at), tz)}`
    return { mark: late.class, text: `${late.windows} ${late.class}${since}` }
  }
  if (expected > 0 && complete === expected) return { mark: 'complete', text: 'complete' }
  if (of === 'ticks') return { mark: 'not-yet-due', text: 'running' }
  const isOverdue = nextExpectedBy !== null && nextExpectedBy < at
  return { mark: 'not-yet-due', text: isOverdue ? 'overdue, within grace' : 'not yet due' }
}

function Expected({ line, tz }: { line: SourceLine; tz: string }) {
  const { of, at, expectedBy } = line
  if (of === 'ticks') return <span class="faint">each interval</span>
  if (expectedBy === null) return <span class="faint">upstream's time is not known</span>
  return <>{expectedText({ ...line, expectedBy }, Date.parse(at), tz)}</>
}

/** What is late stands first, then windows, then ticks. */
const byUrgency = (one: SourceLine, other: SourceLine): number =>
  Number(other.late !== null) - Number(one.late !== null) ||
  Number(one.of === 'ticks') - Number(other.of === 'ticks') ||
  one.source.localeCompare(other.source)

const shortTime = (ms: number, nowMs: number, tz: string): string => withoutDay(minuteText(ms, tz), nowMs, tz)

/** Without `since` in the URL: when this browser showed the page last, at most a week ago; at first, a day ago. */
function lastLook(): number {
  const ms = Number(sessionStorage.getItem(lastLookKey) ?? localStorage.getItem(lastLookKey) ?? Number.NaN)
  // A browser that looked at a server with another clock may have kept an instant that is still ahead.
  const since = ms > 0 && ms <= serverNowMs() ? Math.max(ms, serverNowMs() - 7 * dayMs) : serverNowMs() - dayMs
  // It stays the same while this tab is open.
  sessionStorage.setItem(lastLookKey, String(since))
  return since
}

function useRememberedLook(): void {
  useEffect(() => {
    const remember = (): void => {
      if (document.visibilityState === 'hidden') localStorage.setItem(lastLookKey, String(serverNowMs()))
    }
    document.addEventListener('visibilitychange', remember)
    return () => document.removeEventListener('visibilitychange', remember)
  }, [])
}
