import { useState as useLocal } from 'preact/hooks'
import { useState } from '../address.ts'
import type { Dataset, DatasetReport, Report, Rows, SeriesName } from '../api/records.ts'
import { pathOf, useAnswer } from '../api/request.ts'
import { Shown } from '../layout/states.tsx'
import { minuteText } from '../local-time.ts'
import { catalogueState } from './page-states.ts'
import { completeText } from './punctuality-text.ts'
import { SeriesList } from './series-list.tsx'

const shownSeries = 200

/** What a dataset is, what is expected of it, how it was kept, and how to read it elsewhere. */
export function DatasetPage({ name }: { name: string }) {
  const { state, hrefOf } = useState(catalogueState)
  const answer = useAnswer<Dataset>(`datasets/${encodeURIComponent(name)}`)
  const series = useAnswer<Rows<SeriesName>>(pathOf('series', { dataset: name, limit: shownSeries }))
  const report = useAnswer<Report>(pathOf('report', { dataset: name }))
  return (
    <>
      <p>
        <a href={hrefOf({ dataset: '' })}>← Catalogue</a>
      </p>
      <h1>{name}</h1>
      <Shown answer={answer}>
        {(dataset) => (
          <>
            <p>
              <strong>{dataset.title}</strong>
            </p>
            <p>{dataset.description}</p>
            <div class="columns">
              <div>
                <Meaning dataset={dataset} />
                <h2>Read it elsewhere</h2>
                <Snippets dataset={dataset} />
              </div>
              <div>
                <h2>Its last 31 days, and tomorrow</h2>
                <Shown answer={report}>
                  {({ datasets: [kept] }) =>
                    kept === undefined ? (
                      <p class="state">It has no windows: it comes in files.</p>
                    ) : (
                      <Kept report={kept} tz={state.tz} />
                    )
                  }
                </Shown>
                <h2>Series</h2>
                <Shown
                  answer={series}
                  isEmpty={({ data }) => data.length === 0}
                  empty="Nothing of it is stored yet. docs/settings.md says how to collect it, `npx tidemark backfill` fetches its past."
                >
                  {({ data, next }) => (
                    <>
                      <p class="hint">{next === null ? data.length : `The first ${data.length}`} series</p>
                      <SeriesList series={data} tz={state.tz} />
                    </>
                  )}
                </Shown>
              </div>
            </div>
          </>
        )}
      </Shown>
    </>
  )
}

function Meaning({ dataset }: { dataset: Dataset }) {
  const { plausibleMin: min, plausibleMax: max, labels, expectations, checks, acrossAnswers } = dataset
  return (
    <dl>
      <dt>Unit</dt>
      <dd>{dataset.unit}</dd>
      <dt>Step</dt>
      <dd>{dataset.steps.map(({ stepS }) => `${stepS} s`).join(', then ')}</dd>
      <dt>Calendar</dt>
      <dd>{dataset.calendar}</dd>
      <dt>Collected</dt>
      <dd>{dataset.schedule}</dd>
      <dt>Keys</dt>
      <dd>
        <code>{dataset.keyPattern}</code>, such as <code>{dataset.keyExample}</code>
        {Object.entries(labels).map(([label, meaning]) => (
          <div key={label}>
            {label}: {meaning}
          </div>
        ))}
      </dd>
      <dt>Plausible</dt>
      <dd>
        {min === null && max === null ? 'no limits are declared' : `${min ?? '…'} to ${max ?? '…'} ${dataset.unit}`}
      </dd>
      <dt>Expected of it</dt>
      <dd>
        {expectations.map((sentence) => (
          <div key={sentence}>{sentence}</div>
        ))}
      </dd>
      <dt>Flagged when</dt>
      <dd>
        {[...Object.values(checks), ...Object.values(acrossAnswers)].map((sentence) => (
          <div key={sentence}>{sentence}</div>
        ))}
      </dd>
      <dt>Shape</dt>
      <dd>
        {dataset.shape === 'recorded' ? 'known from a recorded answer' : "known only from upstream's documentation"}
      </dd>
      <dt>Kept by</dt>
      <dd>{dataset.owner}</dd>
      <dt>Terms</dt>
      <dd>
        {dataset.terms}{' '}
        <a href={dataset.termsLink} target="_blank" rel="noreferrer">
          terms
        </a>
        ,{' '}
        <a href={dataset.page} target="_blank" rel="noreferrer">
          upstream's page
        </a>
      </dd>
    </dl>
  )
}

function Kept({ report, tz }: { report: DatasetReport; tz: string }) {
  const { punctuality, quality, refusals, revisions, findings } = report
  const counts = new Map<string, number>()
  for (const { windows } of report.calendar)
    for (const [name, count] of Object.entries(windows)) counts.set(name, (counts.get(name) ?? 0) + count)
  return (
    <dl>
      <dt>Windows</dt>
      <dd>{[...counts].map(([name, count]) => `${count} ${name}`).join(', ')}</dd>
      {punctuality !== null && (
        <>
          <dt>Complete at</dt>
          <dd>
            {completeText(punctuality)} {punctuality.hint}
          </dd>
        </>
      )}
      <dt>Revisions</dt>
      <dd>
        {revisions.windowsRevised} of {revisions.windows} windows were revised
        {revisions.laterAnswers > 0 && `, by ${revisions.laterAnswers} later answers`}
      </dd>
      <dt>Quality</dt>
      <dd>
        {[
          ...quality.map(({ flag, points }) => `${flag}: ${points} points`),
          ...findings.map(({ check, findings: count }) => `${check}: ${count}`),
        ].join(', ') || 'nothing was flagged'}
      </dd>
      <dt>Refused</dt>
      <dd>
        {refusals.length === 0
          ? 'nothing'
          : refusals.map(({ reason, letters, open, newest, newestMessage }) => (
              <div key={reason}>
                {reason}: {letters}, {open} open, newest {minuteText(Date.parse(newest), tz)}: {newestMessage}
              </div>
            ))}
      </dd>
    </dl>
  )
}

type Snippet = 'SQL' | 'API' | 'Kafka' | 'pandas'

function Snippets({ dataset }: { dataset: Dataset }) {
  const [shown, setShown] = useLocal<Snippet>('SQL')
  const [isCopied, setCopied] = useLocal(false)
  const text = snippets(dataset, location.origin)[shown]
  return (
    <>
      <div class="tools">
        {(['SQL', 'API', 'Kafka', 'pandas'] as const).map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={each === shown}
            onClick={() => {
              setShown(each)
              setCopied(false)
            }}
          >
            {each}
          </button>
        ))}
        <button type="button" onClick={() => navigator.clipboard.writeText(text).then(() => setCopied(true))}>
          Copy
        </button>
        <span role="status">{isCopied && 'Copied.'}</span>
      </div>
      <pre>{text}</pre>
    </>
  )
}

/** How to read a dataset in each way. Pure. */
export function snippets({ dataset, source, keyExample, view }: Dataset, origin: string): Record<Snippet, string> {
  const series = `${origin}/api/v1/series/${dataset}/${encodeURIComponent(keyExample)}`
  return {
    SQL: `SELECT ts, value, known_at FROM latest
WHERE dataset = '${dataset}' AND key = '${keyExample}' AND ts >= today()
ORDER BY ts${view === null ? '' : `;\n-- with columns of their own:\nSELECT * FROM ${view} LIMIT 10`}`,
    API: `curl '${series}.csv'
curl '${series}/revisions'`,
    Kafka: `topic ${source}.timeseries   Avro, one record a slice of a series; docs/subscribing.md has a client in each language`,
    pandas: `import pandas as pd
pd.read_csv("${series}.csv", parse_dates=["ts"])`,
  }
}
