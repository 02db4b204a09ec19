import { useState } from 'preact/hooks'
import { nowMs } from '../api/clock.ts'
import { pathOf } from '../api/request.ts'
import { type Days, spanOfDays } from './days.ts'
import { splitName } from './history.ts'

interface Asked {
  names: readonly string[]
  span: Days
  tz: string
  atMs: number | null
}

/** The same values elsewhere: a link that shows the same tomorrow, a file, SQL and pandas. */
export function CopyLinks({ names, span, tz, atMs }: Asked) {
  const csv = names.map((name) => ({ name, url: csvUrl(name, { names, span, tz, atMs }) }))
  return (
    <div class="tools">
      <Copy title="Copy a link that shows the same tomorrow" text={() => permanentLink(span, atMs)} />
      <Copy title="Copy as SQL" text={() => sqlOf({ names, span, tz, atMs })} />
      <Copy title="Copy for pandas" text={() => pandasOf(csv.map(({ url }) => url))} />
      {csv.map(({ name, url }) => (
        <a key={name} href={url} download={`${name.replaceAll('/', '_')}.csv`}>
          CSV of {splitName(name).key}
        </a>
      ))}
    </div>
  )
}

function Copy({ title, text }: { title: string; text: () => string }) {
  const [done, setDone] = useState('')
  const copy = async (): Promise<void> => {
    const what = text()
    try {
      await navigator.clipboard.writeText(what)
      setDone('Copied.')
    } catch {
      // Browsers give pages without TLS no clipboard, except on this machine.
      setDone(what)
    }
  }
  return (
    <span>
      <button type="button" onClick={copy}>
        {title}
      </button>{' '}
      <span role="status">{done === '' || done === 'Copied.' ? done : <code>{done}</code>}</span>
    </span>
  )
}

/** A link with `from`, `to` and `at`: today becomes a day, and now becomes an instant. */
function permanentLink({ first, last }: Asked['span'], atMs: number | null): string {
  const url = new URL(location.href)
  url.searchParams.set('from', first)
  url.searchParams.set('to', last)
  url.searchParams.set('at', new Date(atMs ?? nowMs()).toISOString())
  return url.href
}

function spanOf({ span, tz }: Pick<Asked, 'span' | 'tz'>): { from: string; to: string } {
  const { fromMs, toMs } = spanOfDays(span, tz)
  return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() }
}

function csvUrl(name: string, asked: Asked): string {
  const { dataset, key } = splitName(name)
  const at = asked.atMs === null ? null : new Date(asked.atMs).toISOString()
  const path = `series/${encodeURIComponent(dataset)}/${encodeURIComponent(key)}.csv`
  return new URL(`/api/v1/${pathOf(path, { ...spanOf(asked), at })}`, location.href).href
}

const pandasOf = (urls: readonly string[]): string =>
  ['import pandas as pd', ...urls.map((url) => `pd.read_csv("${url}", parse_dates=["ts"])`)].join('\n')

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
const sqlTime = (iso: string): string => quote(iso.replace('T', ' ').replace(/\.000Z|Z/, ''))

export function sqlOf(asked: Asked): string {
  const { from, to } = spanOf(asked)
  const source = asked.atMs === null ? 'latest' : `as_of(at = ${sqlTime(new Date(asked.atMs).toISOString())})`
  const pairs = asked.names.map(splitName).map(({ dataset, key }) => `(${quote(dataset)}, ${quote(key)})`)
  return `SELECT dataset, key, ts, value, known_at FROM ${source}
WHERE (dataset, key) IN (${pairs.join(', ')})
  AND ts >= ${sqlTime(from)} AND ts < ${sqlTime(to)}
ORDER BY dataset, key, ts`
}
