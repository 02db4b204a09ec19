import type { ExplainedAnswer, Explanation } from '../api/records.ts'
import { pathOf, useAnswer } from '../api/request.ts'
import { Shown } from '../layout/states.tsx'
import { minuteText, secondText } from '../local-time.ts'
import { valueText } from '../pages/change-table.tsx'
import { splitName } from './history.ts'
import type { SeriesHistory } from './knowledge.ts'
import { pointAt } from './knowledge.ts'
import { deliveryHour } from './time-axis.ts'

/** A point: all that was ever known of it, and where in the stored bytes the value of one answer stands. */
export function PointPanel({
  history,
  pointMs,
  knownMs,
  tz,
  onKnown,
  onClose,
}: {
  history: SeriesHistory
  pointMs: number
  /** Which of its answers is shown. null: none. */
  knownMs: number | null
  tz: string
  onKnown: (ms: number) => void
  onClose: () => void
}) {
  const point = pointAt(history.points, pointMs)
  return (
    <section class="panel" aria-label={`Point ${minuteText(pointMs, tz)}`}>
      <h2>
        {minuteText(pointMs, tz)} <span class="faint">hour {deliveryHour(pointMs, tz)}</span>
      </h2>
      <p>
        {history.name}{' '}
        <button type="button" class="link" onClick={onClose}>
          Close
        </button>
      </p>
      {point === undefined || point.versions.length === 0 ? (
        <p class="state">
          Nothing was ever known of this time. Completeness says whether it is late, and whose fault it is.
        </p>
      ) : (
        <table>
          <thead>
            <tr>
              <th>Known at</th>
              <th class="number">Value</th>
              <th>Bytes</th>
            </tr>
          </thead>
          <tbody>
            {point.versions.map(({ knownMs: ms, value, flags }) => (
              <tr key={ms}>
                <td>{secondText(ms, tz)}</td>
                <td class="number">
                  {valueText(value)} <span class="faint">{value === null ? flags.join(' ') : history.unit}</span>
                </td>
                <td>
                  <button type="button" aria-pressed={ms === knownMs} onClick={() => onKnown(ms)}>
                    Show
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {knownMs !== null && <Bytes name={history.name} pointMs={point?.ms ?? pointMs} knownMs={knownMs} tz={tz} />}
    </section>
  )
}

function Bytes({ name, pointMs, knownMs, tz }: { name: string; pointMs: number; knownMs: number; tz: string }) {
  const { dataset, key } = splitName(name)
  const time = new Date(pointMs).toISOString()
  const path = `explain/${encodeURIComponent(dataset)}/${encodeURIComponent(key)}/${time}`
  const answer = useAnswer<Explanation>(pathOf(path, { body: 'true' }))
  return (
    <Shown answer={answer}>
      {({ answers }) => {
        const found = answers.find(({ knownAt }) => Date.parse(knownAt) === knownMs)
        return found === undefined ? (
          <p class="state">
            The answer that became known at {secondText(knownMs, tz)} did not name this point any more.
          </p>
        ) : (
          <AnswerBytes answer={found} tz={tz} />
        )
      }}
    </Shown>
  )
}

function AnswerBytes({ answer: { raw, change }, tz }: { answer: ExplainedAnswer; tz: string }) {
  const { topic, partition, offset, body, url, status, fetchedAt, contentHash, bodyBytes } = raw
  const source = topic.replace(/\.raw$/, '')
  const place = body?.place ?? null
  return (
    <>
      <h3>The answer of upstream ({change})</h3>
      {place === null ? (
        <p class="hint">
          {body === undefined ? `Its bytes are ${raw.state}.` : 'The place of the value within the bytes is not known.'}
        </p>
      ) : (
        <>
          <pre class="bytes">
            {place.before}
            <mark>{place.text}</mark>
            {place.after}
          </pre>
          <p class="hint">
            {place.path}, bytes {place.fromByte} to {place.toByte} of {bodyBytes}
          </p>
        </>
      )}
      <dl>
        {url !== undefined && (
          <>
            <dt>Asked</dt>
            <dd>{url}</dd>
          </>
        )}
        {fetchedAt !== undefined && (
          <>
            <dt>Fetched</dt>
            <dd>
              {secondText(Date.parse(fetchedAt), tz)}, status {status}
            </dd>
          </>
        )}
        <dt>Raw record</dt>
        <dd>
          <a href={`/api/v1/raw/${source}/${partition}/${offset}`} target="_blank" rel="noreferrer">
            {topic} {partition}/{offset}
          </a>
        </dd>
        {contentHash !== undefined && (
          <>
            <dt>SHA-256</dt>
            <dd>
              <code>{contentHash}</code>
            </dd>
          </>
        )}
        {raw.problems.map((problem) => (
          <>
            <dt>Problem</dt>
            <dd>{problem}</dd>
          </>
        ))}
      </dl>
    </>
  )
}
