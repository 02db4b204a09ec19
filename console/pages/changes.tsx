import { useState as useLocal } from 'preact/hooks'
import { useState } from '../address.ts'
import { nowMs } from '../api/clock.ts'
import { useLive } from '../api/live.ts'
import type { Change, Rows } from '../api/records.ts'
import { ask, Problem, pathOf, useAnswer } from '../api/request.ts'
import { Choice } from '../layout/choice.tsx'
import { InstantInput } from '../layout/instant-input.tsx'
import { Shown } from '../layout/states.tsx'
import { minuteText } from '../local-time.ts'
import { groupsOf, nameOfChange } from './change-groups.ts'
import { ChangeTable, useUnits } from './change-table.tsx'
import { DatasetChoice } from './dataset-choice.tsx'
import { changesState } from './page-states.ts'

const dayMs = 86_400_000
const pageRows = 200
const kinds = ['all', 'revised', 'withdrawn'] as const
const happened = { all: 'revised or withdrawn', revised: 'revised', withdrawn: 'withdrawn' } as const

/** The feed of revisions: filters, newest or largest first, and new ones as they come. */
export function Changes() {
  const { state } = useState(changesState)
  const { tz } = state
  const [opened] = useLocal(nowMs)
  const since = state.since ?? opened - dayMs
  const [version, setVersion] = useLocal(0)
  const path = pathOf('changes', {
    since: new Date(since).toISOString(),
    until: state.until === null ? null : new Date(state.until).toISOString(),
    from: state.ahead ? new Date(Math.floor(opened / 3_600_000) * 3_600_000).toISOString() : null,
    ...{ dataset: state.dataset, q: state.q, minSize: state.minSize, sort: state.sort === 'known' ? null : state.sort },
    kind: state.kind === 'all' ? null : state.kind,
    limit: pageRows,
  })
  const answer = useAnswer<Rows<Change>>(path, { refresh: version })
  useFreshChanges(state.until === null ? state.dataset : null, () => setVersion((count) => count + 1))
  const unitOf = useUnits()
  return (
    <>
      <h1>Changes</h1>
      <Filters since={since} />
      <p class="hint">
        Withdrawn: a value that the newest answer of upstream no longer names. A whole window that upstream took back is
        retracted, and stands in Completeness.
      </p>
      <Shown
        answer={answer}
        isEmpty={({ data }) => data.length === 0}
        empty={`No value was ${happened[state.kind]} since ${minuteText(since, tz)} that these filters let through. First publications are not changes.`}
      >
        {(rows) => <Pages key={path} first={rows} tz={tz} unitOf={unitOf} />}
      </Shown>
    </>
  )
}

function Filters({ since }: { since: number }) {
  const { state, change } = useState(changesState)
  const { tz } = state
  return (
    <div class="tools">
      <DatasetChoice value={state.dataset} onChange={(dataset) => change({ dataset })} />
      <label>
        Key or zone{' '}
        <input
          type="search"
          value={state.q}
          placeholder="AT DE"
          onInput={({ currentTarget }) => change({ q: currentTarget.value }, { replace: true })}
        />
      </label>
      <label>
        Change of at least (in the unit of the dataset){' '}
        <input
          type="number"
          min={0}
          class="short"
          value={state.minSize ?? ''}
          onInput={({ currentTarget: { value } }) =>
            change({ minSize: value === '' ? null : Math.max(0, Number(value)) }, { replace: true })
          }
        />
      </label>
      <label>
        <input type="checkbox" checked={state.ahead} onChange={() => change({ ahead: !state.ahead })} /> windows that
        are still ahead
      </label>
      <Choice
        title="Kind"
        names={kinds}
        value={state.kind}
        hasAll={false}
        onChange={(kind) => change({ kind: kinds.find((each) => each === kind) ?? 'all' })}
      />
      <label>
        Order{' '}
        <select
          value={state.sort}
          onChange={({ currentTarget }) => change({ sort: currentTarget.value === 'size' ? 'size' : 'known' })}
        >
          <option value="known">newest first</option>
          <option value="size">largest first</option>
        </select>
      </label>
      <InstantInput title="Since" ms={since} tz={tz} onChange={(ms) => change({ since: ms })} />
      <button type="button" onClick={() => change({ since: nowMs() - dayMs, until: null })}>
        24 hours
      </button>
      <button type="button" onClick={() => change({ since: nowMs() - 7 * dayMs, until: null })}>
        7 days
      </button>
    </div>
  )
}

function Pages({ first, tz, unitOf }: { first: Rows<Change>; tz: string; unitOf: (dataset: string) => string }) {
  const [more, setMore] = useLocal<{ data: Change[]; next: string | null } | null>(null)
  const [wrong, setWrong] = useLocal('')
  const next = more === null ? first.next : more.next
  const read = async (): Promise<void> => {
    if (next === null) return
    try {
      const page = await ask<Rows<Change>>(next.replace('/api/v1/', ''))
      setMore({ data: [...(more?.data ?? []), ...page.data], next: page.next })
      setWrong('')
    } catch (error) {
      setWrong(error instanceof Problem ? error.message : 'tidemark does not answer. Try again.')
    }
  }
  // New changes push rows of the first page down to those that were read already.
  const known = new Set(first.data.map(nameOfChange))
  return (
    <>
      <ChangeTable
        groups={groupsOf([...first.data, ...(more?.data ?? []).filter((row) => !known.has(nameOfChange(row)))])}
        tz={tz}
        unitOf={unitOf}
      />
      {next !== null && (
        <p>
          <button type="button" onClick={read}>
            Show more
          </button>{' '}
          <span role="alert">{wrong}</span>
        </p>
      )}
    </>
  )
}

const togetherMs = 500

/** Calls `onChange` when the live stream says that something changed, at most every half second. null: it does not listen. */
function useFreshChanges(dataset: string | null, onChange: () => void): void {
  const [timer] = useLocal<{ of: ReturnType<typeof setTimeout> | undefined }>({ of: undefined })
  const query =
    dataset === null ? null : `kinds=change${dataset === '' ? '' : `&dataset=${encodeURIComponent(dataset)}`}`
  useLive(query, () => {
    timer.of ??= setTimeout(() => {
      timer.of = undefined
      onChange()
    }, togetherMs)
  })
}
