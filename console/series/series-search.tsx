import { useEffect, useState } from 'preact/hooks'
import type { Rows, SeriesName } from '../api/records.ts'
import { pathOf, useAnswer } from '../api/request.ts'
import { Failed } from '../layout/states.tsx'

const shown = 25

/** Finds series by words of their dataset, key and labels, as one types. */
export function SeriesSearch({
  title = 'Add a series',
  chosen,
  onChoose,
}: {
  title?: string
  chosen: readonly string[]
  onChoose: (name: string) => void
}) {
  const [words, setWords] = useState('')
  const answer = useAnswer<Rows<SeriesName>>(words.trim() === '' ? null : pathOf('series', { q: words, limit: shown }))
  const found = answer.state === 'ready' && words.trim() !== '' ? answer.value.data : []
  // Enter before the answer takes the first hit once it is there.
  const [isEntered, setEntered] = useState(false)
  const first = found.find(({ dataset, key }) => !chosen.includes(`${dataset}/${key}`))
  const choose = (name: string): void => {
    setWords('')
    setEntered(false)
    onChoose(name)
  }
  useEffect(() => {
    if (isEntered && first !== undefined) choose(`${first.dataset}/${first.key}`)
  }, [isEntered, first])
  return (
    <div class="search">
      <label>
        {title}{' '}
        <input
          type="search"
          value={words}
          placeholder="AT BE maxExchanges"
          onInput={({ currentTarget }) => {
            setEntered(false)
            setWords(currentTarget.value)
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter') setEntered(true)
            if (event.key === 'Escape') setWords('')
          }}
        />
      </label>
      {words.trim() !== '' && (
        <ul class="found">
          {answer.state === 'failed' && (
            <li>
              <Failed problem={answer.problem} />
            </li>
          )}
          {answer.state === 'ready' && found.length === 0 && (
            <li class="hint">No stored series has all of these words. A dataset that was never collected has none.</li>
          )}
          {found.map(({ dataset, key, labels, unit }) => {
            const name = `${dataset}/${key}`
            return (
              <li key={name}>
                <button type="button" disabled={chosen.includes(name)} onClick={() => choose(name)}>
                  <strong>{key}</strong> {dataset}{' '}
                  <span class="faint">
                    {Object.entries(labels)
                      .map(([label, value]) => `${label} ${value}`)
                      .join(', ')}{' '}
                    {unit}
                  </span>
                </button>
              </li>
            )
          })}
        </ul>
      )}
    </div>
  )
}
