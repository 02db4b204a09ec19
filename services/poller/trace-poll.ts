import { withSpan } from '#platform/tracing/trace.ts'
import type { Candidate } from './candidate.ts'
import type { PollResult } from './poll-window.ts'

/**
 * Polls within a span. A poll that belongs to no other one begins a trace, and decides whether that trace is sampled: it
 * goes on with the raw record through the normalizer to the store. A failed poll is a failed span.
 */
export function tracePoll(
  host: string,
  { identity, dataset, lane }: Pick<Candidate, 'identity' | 'dataset' | 'lane'>,
  poll: () => Promise<PollResult | undefined>,
): Promise<PollResult | undefined> {
  const attributes = {
    ...{ 'tidemark.dataset': dataset.name, 'tidemark.request_identity': identity, 'tidemark.lane': lane },
    'server.address': host,
  }
  return withSpan('poll', { kind: 'client', mayBeSampled: true, attributes }, async (span) => {
    const result = await poll()
    if (result === undefined) {
      span.set({ 'tidemark.outcome': 'not-recorded' })
      return undefined
    }
    const { outcome, status, error } = result.poll
    span.set({ 'tidemark.outcome': outcome, 'http.response.status_code': status })
    span.end(error)
    return result
  })
}
