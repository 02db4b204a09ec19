import { useEffect, useState as useLocal } from 'preact/hooks'
import { useState } from '../address.ts'
import { type Answer, ask, Problem } from '../api/request.ts'
import { CardTable } from '../layout/card-table.tsx'
import type { Column } from '../layout/long-table.tsx'
import { Empty, Shown } from '../layout/states.tsx'
import { minuteText } from '../local-time.ts'
import { alertsState } from '../pages/page-states.ts'
import { begunText, type Episode, episodesOf, lengthsOf, lengthText } from './episodes.ts'
import { Numbers, SeriesLink, untilText } from './event-cells.tsx'
import type { RuleText, Tested } from './records.ts'
import { type TestKind, testsOf } from './testable.ts'
import { Timeline } from './timeline.tsx'

const shownEpisodes = 100

/** Tests the rule as it is written on the last 30 days. Which knowledge it is tested with stands in the URL. */
export function TestOfRule({ rule, tz }: { rule: RuleText; tz: string }) {
  const { state, change } = useState(alertsState)
  const text = JSON.stringify(rule)
  // Who comes with a link sees the test of the saved rule. Each keystroke is not a test.
  const [tested, setTested] = useLocal(text)
  const { kinds, says } = testsOf(rule)
  const chosen = kinds.find((kind) => kind === state.test)
  const begin = (test: TestKind): void => {
    setTested(text)
    change({ test })
  }
  return (
    <>
      <h3>Test on the last 30 days</h3>
      <p class="hint">{says}</p>
      <div class="tools">
        {kinds.map((kind) => (
          <button key={kind} type="button" aria-pressed={state.test === kind} onClick={() => begin(kind)}>
            {kind === 'now' ? 'By what is known now' : 'As it was known'}
          </button>
        ))}
      </div>
      {chosen !== undefined && text !== tested && (
        <p class="hint">The text was changed since this test: press one of the buttons again.</p>
      )}
      {chosen !== undefined && <Result rule={tested} asKnown={chosen === 'then'} tz={tz} />}
    </>
  )
}

function Result({ rule, asKnown, tz }: { rule: string; asKnown: boolean; tz: string }) {
  const answer = useTest(rule, asKnown)
  return (
    <Shown
      answer={answer}
      isEmpty={({ begun }) => begun === 0}
      empty={
        answer.state === 'ready' && (
          <>
            It would not have alerted: {answer.value.says}. {judgedText(answer.value)}
          </>
        )
      }
    >
      {(tested) => <Episodes tested={tested} tz={tz} />}
    </Shown>
  )
}

function judgedText({ points, undefinedPoints, series, runs, asKnown }: Tested): string {
  const blind =
    undefinedPoints === 0
      ? ''
      : ` For ${undefinedPoints} of them the condition was undefined: too few samples in the window, or a ratio to zero or below.`
  if (runs === null)
    return `${points} points of ${series} series, ${asKnown ? 'as they were known' : 'as they are known now'}.${blind}`
  const rows = `${points} rows of ${series} keys`
  if (runs > 1) return `${rows} in ${runs} answers.`
  return `${rows}, asked now: to test it on the past, write {at:DateTime64(3)} in place of now().`
}

/** Asks once for each rule and knowledge. */
function useTest(rule: string, asKnown: boolean): Answer<Tested> {
  const [answer, setAnswer] = useLocal<Answer<Tested>>({ state: 'loading' })
  useEffect(() => {
    const stop = new AbortController()
    setAnswer({ state: 'loading' })
    ask<Tested>('alerts/test', {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' }, signal: stop.signal },
      body: JSON.stringify({ rule: JSON.parse(rule), asKnown }),
    })
      .then((value) => setAnswer({ state: 'ready', value, isOld: false }))
      .catch((error: Error) => {
        if (stop.signal.aborted) return
        const away = new Problem(503, 'Not available', 'tidemark does not answer. Press the button again.')
        setAnswer({ state: 'failed', problem: error instanceof Problem ? error : away })
      })
    return () => stop.abort()
  }, [rule, asKnown])
  return answer
}

function Episodes({ tested, tz }: { tested: Tested; tz: string }) {
  const { begun, isCut } = tested
  const episodes = episodesOf(tested.transitions)
  const [fromMs, toMs] = [Date.parse(tested.from), Date.parse(tested.to)]
  const lengths = lengthsOf(episodes, toMs)
  const takenBack = episodes.filter(({ isTakenBack }) => isTakenBack).length
  const newest = episodes.toReversed().slice(0, shownEpisodes)
  return (
    <>
      <p>
        It would have alerted <strong>{begunText(begun, lengths)}</strong>
        {takenBack > 0 && `; ${takenBack} were taken back by a revision`}.{' '}
        <span class="faint">
          {judgedText(tested)}
          {isCut && ` The newest ${episodes.length} are shown, and the lengths are theirs.`}
        </span>
      </p>
      <Timeline episodes={episodes} fromMs={fromMs} toMs={toMs} tz={tz} />
      {newest.length === 0 ? (
        <Empty>None of them is among those that are sent.</Empty>
      ) : (
        <CardTable rows={newest} columns={columnsIn(tz)} nameOf={({ id }) => id} />
      )}
      {episodes.length > newest.length && <p class="hint">The list has the newest {newest.length}.</p>}
    </>
  )
}

const columnsIn = (tz: string): Column<Episode>[] => [
  { title: 'Since', of: ({ fromMs }) => minuteText(fromMs, tz) },
  { title: 'Until', of: ({ toMs }) => untilText(toMs, tz) },
  {
    title: 'Lasted',
    of: ({ fromMs, toMs, isTakenBack }) =>
      `${toMs === null || toMs === fromMs ? '' : lengthText(toMs - fromMs)}${isTakenBack ? ' taken back' : ''}`,
  },
  {
    title: 'Series',
    of: ({ dataset, key, fromMs }) => <SeriesLink dataset={dataset} key_={key} ms={fromMs} tz={tz} />,
  },
  {
    title: 'Value',
    isNumber: true,
    of: ({ value, compared }) => <Numbers value={value} compared={compared} unit="" />,
  },
]
