import { useEffect } from 'preact/hooks'

const kinds = ['slice', 'answer', 'poll', 'class', 'alert', 'change'] as const

/**
 * Calls `onNews` when the API's live stream has an event, while the component is shown. The browser connects again by
 * itself and names the last event. A page in the background has no stream, because a browser has only six connections to a
 * host for all its tabs; when it is looked at again, `onNews` is called once. `query`: kinds, dataset and key. null: none.
 */
export function useLive(query: string | null, onNews: () => void): void {
  useEffect(() => {
    if (query === null) return
    let stream: EventSource | undefined
    const close = (): void => {
      stream?.close()
      stream = undefined
    }
    const open = (): void => {
      stream = new EventSource(`/api/v1/live?${query}`)
      for (const kind of kinds) stream.addEventListener(kind, onNews)
    }
    const look = (): void => {
      close()
      if (document.visibilityState === 'hidden') return
      open()
      onNews()
    }
    open()
    document.addEventListener('visibilitychange', look)
    return () => {
      document.removeEventListener('visibilitychange', look)
      close()
    }
  }, [query])
}
