// The address of the page: its path and its query. Everything that a page shows follows from it.
import { computed, signal } from '@preact/signals'
import type { PageState } from './page-state.ts'

interface Address {
  path: string
  query: string
}

const read = (): Address => ({ path: location.pathname, query: location.search })

const current = signal(read())
addEventListener('popstate', () => {
  current.value = read()
})

export const path = computed(() => current.value.path)
export const query = computed(() => current.value.query)

/** Goes to another address of the console. `replace`: the step before cannot be come back to. */
export function go(href: string, { replace = false } = {}): void {
  const url = new URL(href, location.href)
  if (url.href === location.href) return
  history[replace ? 'replaceState' : 'pushState'](null, '', url)
  const isOtherPage = url.pathname !== current.value.path
  current.value = read()
  if (isOtherPage) scrollTo(0, 0)
}

/** Reads and changes the state of the page that is shown. Reading subscribes the component. */
export function useState<State extends object>(
  state: PageState<State>,
): {
  state: State
  change: (part: Partial<State>, how?: { replace: boolean }) => void
  /** The address of this page with another state. */
  hrefOf: (part: Partial<State>) => string
} {
  const now = state.parse(new URLSearchParams(query.value))
  const hrefOf = (part: Partial<State>): string => hrefTo(path.value, state, { ...now, ...part })
  return { state: now, hrefOf, change: (part, how) => go(hrefOf(part), how) }
}

/** The address of a page in a state. What is left out is a default. */
export function hrefTo<State extends object>(page: string, state: PageState<State>, part: Partial<State>): string {
  const text = state.format({ ...state.parse(new URLSearchParams()), ...part })
  return text === '' ? page : `${page}?${text}`
}

/** Follows links to other pages of the console without loading them anew. */
export function followLinks(root: HTMLElement): void {
  root.addEventListener('click', (event) => {
    const link = (event.target as Element).closest('a')
    if (link === null || event.defaultPrevented || event.button !== 0) return
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    if (link.origin !== location.origin || link.target !== '' || link.hasAttribute('download')) return
    if (link.pathname.startsWith('/api/') || link.pathname.startsWith('/time-machine/')) return
    event.preventDefault()
    go(link.href)
  })
}
