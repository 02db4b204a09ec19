import { createHash } from 'node:crypto'
import type { RawResponse } from '#schemas/generated/records.ts'
import type { Window } from '#sources/source.ts'

export function rawResponse(
  window: Window,
  body: Buffer,
  fetchedAt: number,
  over: Partial<RawResponse> = {},
): RawResponse {
  const dataset = over.dataset ?? 'jao.core.maxExchanges'
  const [from, to] = [window.startMs, window.endMs].map((ms) => `${new Date(ms).toISOString().slice(0, 19)}Z`)
  return {
    dataset,
    requestIdentity: `${dataset}/${from}/${to}`,
    windowStart: window.startMs,
    windowEnd: window.endMs,
    url: `http://127.0.0.1/core/api/data/maxExchanges?FromUtc=${from}&ToUtc=${to}`,
    status: 200,
    headers: { 'content-type': 'application/json' },
    body,
    contentHash: createHash('sha256').update(body).digest('hex'),
    sentAt: fetchedAt - 100,
    fetchedAt,
    origin: 'simulated',
    confirms: false,
    ...over,
  }
}
