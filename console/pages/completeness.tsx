import { useEffect, useRef } from 'preact/hooks'
import { useState } from '../address.ts'
import { nowMs } from '../api/clock.ts'
import type { DatasetReport, Report } from '../api/records.ts'
import { pathOf, useAnswer } from '../api/request.ts'
import { Choice } from '../layout/choice.tsx'
import { glyphs } from '../layout/classes.tsx'
import { InstantInput } from '../layout/instant-input.tsx'
import { Shown } from '../layout/states.tsx'
import { addDays, dayAt, hoursOfDay, secondText } from '../local-time.ts'
import { countsText, shownClass, shownDatasets, wrongText } from './calendar-rows.ts'
import { CellPanel } from './completeness-cell.tsx'
import { completenessState } from './page-states.ts'
import './completeness.css'

const shownDays = 31
const everyMs = 30_000

/** The calendar of classes: a row a dataset, a column a day, as of any instant. */
export function Completeness() {
  const { state, change } = useState(completenessState)
  const { tz } = state
  const to = state.to ?? addDays(dayAt(nowMs(), tz), 1)
  const from = state.from ?? addDays(to, 1 - shownDays)
  const at = state.at === null ? null : new Date(state.at).toISOString()
  const answer = useAnswer<Report>(pathOf('report', { from, to, at }), { everyMs: state.at === null ? everyMs : 0 })
  const move = (days: number) => change({ from: addDays(from, days), to: addDays(to, days), dataset: '', day: null })
  return (
    <>
      <h1>Completeness</h1>
      <div class="tools">
        <Choice
          title="Source"
          names={answer.state === 'ready' ? answer.value.datasets.map(({ source }) => source) : []}
          value={state.source}
          onChange={(source) => change({ source })}
        />
        <label>
          Last day{' '}
          <input
            type="date"
            value={to}
            onChange={({ currentTarget: { value } }) =>
              change(value === '' ? { from: null, to: null } : { from: addDays(value, 1 - shownDays), to: value })
            }
          />
        </label>
        <button type="button" onClick={() => move(-shownDays)}>
          ← earlier
        </button>
        <button type="button" onClick={() => move(shownDays)}>
          later →
        </button>
        <InstantInput title="As of" ms={state.at} tz={tz} onChange={(ms) => change({ at: ms })} />
        <label>
          <input type="checkbox" checked={state.all} onChange={() => change({ all: !state.all })} /> also what is not
          collected
        </label>
        {state.at !== null && (
          <button type="button" onClick={() => change({ at: null })}>
            Now
          </button>
        )}
      </div>
      <Legend />
      <Shown answer={answer}>{(report) => <Kept report={report} at={at} />}</Shown>
    </>
  )
}

function Kept({ report, at }: { report: Report; at: string | null }) {
  const { state, change } = useState(completenessState)
  const datasets = shownDatasets(report, state.source, state.all)
  const wrong = wrongText(report, datasets)
  const opened = report.datasets.find(({ dataset }) => dataset === state.dataset)
  return (
    <>
      <p class="hint">
        As of {secondText(Date.parse(report.at), state.tz)}
        {wrong !== '' && `. Wrong: ${wrong}`}
      </p>
      <div class="with-side">
        <Calendar datasets={datasets} to={report.to} />
        <section class="side" aria-label="The open day">
          {state.dataset !== '' && state.day !== null ? (
            <CellPanel
              dataset={state.dataset}
              zone={opened?.zone ?? 'UTC'}
              day={state.day}
              at={at}
              tz={state.tz}
              report={opened}
              onClose={() => change({ dataset: '', day: null })}
            />
          ) : (
            <p class="hint">
              Click a day: its windows, whose fault it is, and the polls stand here. Retracted is a whole window that
              upstream published and took back; single values that it no longer names are withdrawn, and stand in
              Changes.
            </p>
          )}
        </section>
      </div>
    </>
  )
}

const Legend = () => (
  <ul class="legend">
    {Object.entries(glyphs).map(([name, glyph]) => (
      <li key={name}>
        <span class={`cell mark-${name}`}>{glyph}</span> {name}
      </li>
    ))}
  </ul>
)

function Calendar({ datasets, to }: { datasets: DatasetReport[]; to: string }) {
  const { state, change } = useState(completenessState)
  const table = useRef<HTMLTableElement>(null)
  useEffect(() => {
    const open = table.current?.querySelector('[aria-pressed=true]')
    if (open) open.scrollIntoView({ block: 'nearest', inline: 'nearest' })
    else table.current?.parentElement?.scrollTo({ left: table.current.scrollWidth })
  }, [to, state.dataset, state.day])
  const days = datasets[0]?.calendar.map(({ day }) => day) ?? []
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key]
    const cell = (event.target as Element).closest<HTMLElement>('[data-place]')
    if (step === undefined || cell === null) return
    event.preventDefault()
    const [row = 0, column = 0] = (cell.dataset.place ?? '').split(' ').map(Number)
    const next = `${row + (step[0] ?? 0)} ${column + (step[1] ?? 0)}`
    table.current?.querySelector<HTMLElement>(`[data-place="${next}"]`)?.focus()
  }
  if (datasets.length === 0)
    return (
      <p class="state">
        No dataset of this source has windows. Choose another source, or collect one: docs/settings.md.
      </p>
    )
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys move between the buttons within
    <div class="scroll" onKeyDown={onKeyDown}>
      <table class="calendar" ref={table}>
        <thead>
          <tr>
            <th class="corner">Dataset</th>
            {days.map((day) => (
              <DayHead key={day} day={day} zone={datasets[0]?.zone ?? 'UTC'} />
            ))}
          </tr>
        </thead>
        <tbody>
          {datasets.map(({ dataset, calendar }, row) => (
            <tr key={dataset}>
              <th scope="row">{dataset}</th>
              {calendar.map(({ day, class: worst, windows }, column) => {
                const each = shownClass(worst, windows)
                return (
                  <td key={day}>
                    <button
                      type="button"
                      class={`cell mark-${each}`}
                      data-place={`${row} ${column}`}
                      tabIndex={row === 0 && column === 0 ? 0 : -1}
                      aria-pressed={state.dataset === dataset && state.day === day}
                      aria-label={`${dataset} ${day}: ${countsText(windows, each)}`}
                      title={`${day}: ${countsText(windows, each)}`}
                      onClick={() => change({ dataset, day })}
                    >
                      {each === null ? ' ' : glyphs[each]}
                    </button>
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** A day of 23 or 25 hours says so. */
function DayHead({ day, zone }: { day: string; zone: string }) {
  const hours = hoursOfDay(day, zone)
  const isSunday = new Date(`${day}T00:00Z`).getUTCDay() === 0
  return (
    <th class={isSunday ? 'sunday' : undefined} title={`${day}${hours === 24 ? '' : `, ${hours} hours`}`}>
      <span class="month">{day.slice(5, 7)}</span>
      {day.slice(8)}
      {hours !== 24 && <span class="clock-change">{hours} h</span>}
    </th>
  )
}
