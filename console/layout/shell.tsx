import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { go, path, query } from '../address.ts'
import { defaultZone, zone } from '../page-state.ts'
import { AwayBar } from './states.tsx'

/** The pages, each with its key after `g`. */
export const pages = [
  { path: '/', title: 'Now', key: 'n' },
  { path: '/series', title: 'Series', key: 's' },
  { path: '/changes', title: 'Changes', key: 'c' },
  { path: '/alerts', title: 'Alerts', key: 'a' },
  { path: '/completeness', title: 'Completeness', key: 'm' },
  { path: '/catalogue', title: 'Catalogue', key: 'd' },
  { path: '/markets', title: 'Markets', key: 'k' },
  { path: '/operations', title: 'Operations', key: 'o' },
  { path: '/votes', title: 'Votes', key: 'v' },
] as const

export type PagePath = (typeof pages)[number]['path']

/** What stands around each page: where one is, where one can go, and the zone of all times. */
export function Shell({ children }: { children: ComponentChildren }) {
  useKeys()
  const here = pages.find((page) => page.path === path.value)
  useEffect(() => {
    document.title = here === undefined ? 'tidemark' : `${here.title} · tidemark`
  }, [here])
  const nav = useRef<HTMLElement>(null)
  // On a narrow screen the pages are one line, to scroll: the one that is shown stands in its middle.
  useEffect(() => {
    const item = nav.current?.querySelector('[aria-current]')?.getBoundingClientRect()
    const line = nav.current?.getBoundingClientRect()
    if (item === undefined || line === undefined) return
    nav.current?.scrollBy({ left: item.left + item.width / 2 - line.left - line.width / 2 })
  }, [here])
  return (
    <>
      <a class="skip" href="#main">
        Go to the page
      </a>
      <header>
        <a class="name" href="/">
          tidemark
        </a>
        <nav ref={nav} aria-label="Pages">
          {pages.map((page) => (
            <a
              key={page.path}
              href={`${page.path}${zoneQuery()}`}
              aria-current={page === here ? 'page' : undefined}
              title={`g ${page.key}`}
            >
              {page.title}
            </a>
          ))}
        </nav>
        <ZoneChoice />
      </header>
      <AwayBar tz={readZone()} />
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </>
  )
}

const readZone = (): string => zone.parse(new URLSearchParams(query.value).get('tz'))

/** The zone goes along to other pages. */
function zoneQuery(): string {
  const text = zone.format(readZone())
  return text === null ? '' : `?${new URLSearchParams({ tz: text })}`
}

function ZoneChoice() {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone
  const now = readZone()
  const zones = [...new Set([defaultZone, 'UTC', own, now])]
  return (
    <label class="zone">
      Times in{' '}
      <select
        value={now}
        onChange={({ currentTarget }) => {
          const parameters = new URLSearchParams(query.value)
          const text = zone.format(currentTarget.value)
          if (text === null) parameters.delete('tz')
          else parameters.set('tz', text)
          go(`${path.value}?${parameters}`)
        }}
      >
        {zones.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  )
}

const secondKeyWithinMs = 1_500

/** `/` goes to the search, `g` and a letter to a page. */
function useKeys(): void {
  useEffect(() => {
    let gAt = 0
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey) return
      const target = event.target as HTMLElement
      if (target.matches('input, select, textarea')) return
      if (event.key === '/') {
        event.preventDefault()
        const search = document.querySelector<HTMLInputElement>('input[type=search]')
        if (search === null) go('/catalogue')
        else search.focus()
      } else if (Date.now() - gAt < secondKeyWithinMs) {
        const page = pages.find(({ key }) => key === event.key)
        if (page !== undefined) go(`${page.path}${zoneQuery()}`)
        gAt = 0
      } else if (event.key === 'g') gAt = Date.now()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
}
