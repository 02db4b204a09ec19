import { useEffect } from 'preact/hooks'

/**
 * Calls `read` for each event of the API's live stream while the component is shown. The browser connects again by itself
 * and names the last event, so nothing is missed. `query`: kinds, dataset and key.
 */
export function useLive(query: string | null, read: (kind: string, data: Record<string, unknown>) => void): void {
  useEffect(() => {
    if (query === null) return
    const stream = new EventSource(`/api/v1/live?${query}`)
    for (const kind of ['slice', 'answer', 'poll', 'class', 'change'])
      stream.addEventListener(kind, (event) => read(kind, JSON.parse((event as MessageEvent<string>).data)))
    return () => stream.close()
  }, [query])
}
