import { useEffect, useRef } from 'preact/hooks'
import type { ExplainedAnswer, Explanation } from '../api/records.ts'
import { pathOf, useAnswer } from '../api/request.ts'
import { Shown } from '../layout/states.tsx'
import { minuteText, secondText, withoutDay } from '../local-time.ts'
import { valueText } from '../value-text.ts'
import { splitName } from './history.ts'
import { missingWord, pointAt, type SeriesHistory, type Version } from './knowledge.ts'
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
  const close = useRef(onClose)
  close.current = onClose
  useEffect(() => {
    const onKey = ({ key }: KeyboardEvent): void => {
      if (key === 'Escape') close.current()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
  return (
    <section class="panel" aria-label={`Point ${minuteText(pointMs, tz)}`}>
      <h2>
        {minuteText(pointMs, tz)} <span class="faint">hour {deliveryHour(pointMs, history.zone)}</span>
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
              <th>Evidence</th>
            </tr>
          </thead>
          <tbody>
            {point.versions.map((version) => {
              const { knownMs: ms, value } = version
              return (
                <tr key={ms}>
                  <td>{withoutDay(secondText(ms, tz), pointMs, tz)}</td>
                  <td class="number">
                    {value === null ? missingWord(version) : valueText(value)}{' '}
                    <span class="faint">{value === null ? '' : history.unit}</span>
                  </td>
                  <td>
                    <button type="button" aria-pressed={ms === knownMs} onClick={() => onKnown(ms)}>
                      Show
                    </button>
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      )}
      {knownMs !== null && (
        <Bytes
          name={history.name}
          pointMs={point?.ms ?? pointMs}
          version={point?.versions.find((version) => version.knownMs === knownMs)}
          tz={tz}
        />
      )}
    </section>
  )
}

function Bytes({
  name,
  pointMs,
  version,
  tz,
}: {
  name: string
  pointMs: number
  version: Version | undefined
  tz: string
}) {
  const { dataset, key } = splitName(name)
  const time = new Date(pointMs).toISOString()
  const path = `explain/${encodeURIComponent(dataset)}/${encodeURIComponent(key)}/${time}`
  const answer = useAnswer<Explanation>(pathOf(path, { body: 'true' }))
  if (version === undefined) return null
  return (
    <Shown answer={answer}>
      {({ answers }) => {
        const found = answers.find(({ knownAt }) => Date.parse(knownAt) === version.knownMs)
        return found === undefined ? (
          <p class="state">
            The answer that became known at {secondText(version.knownMs, tz)} no longer named this point:{' '}
            <RawLink
              topic={`${dataset.split('.')[0]}.raw`}
              partition={version.rawPartition}
              offset={version.rawOffset}
            />
          </p>
        ) : (
          <AnswerBytes answer={found} tz={tz} />
        )
      }}
    </Shown>
  )
}

const RawLink = ({ topic, partition, offset }: { topic: string; partition: number; offset: number }) => (
  <a href={`/api/v1/raw/${topic.replace(/\.raw$/, '')}/${partition}/${offset}`} target="_blank" rel="noreferrer">
    {topic} {partition}/{offset}
  </a>
)

function AnswerBytes({ answer: { raw, change }, tz }: { answer: ExplainedAnswer; tz: string }) {
  const { topic, partition, offset, body, url, status, fetchedAt, contentHash, bodyBytes } = raw
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
          <RawLink topic={topic} partition={partition} offset={offset} />
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
