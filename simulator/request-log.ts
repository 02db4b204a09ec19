import { createHash } from 'node:crypto'

/** A received request. `status` is null while it is in flight, and 0 if no answer was sent. */
export type LoggedRequest = {
  readonly seq: number
  readonly realMs: number
  readonly simMs: number
  /** Simulated ms since the start, without jumps of the clock. The limit counts in this time. */
  readonly elapsedMs: number
  readonly path: string
  readonly fromUtc: string | null
  readonly toUtc: string | null
  status: number | null
  fault: string | null
  overLimit: boolean
  /** Number of body bytes that were sent. `sha256` is their hash. */
  bytes: number
  sha256: string | null
}

export type RequestLog = {
  open(request: Pick<LoggedRequest, 'realMs' | 'simMs' | 'elapsedMs' | 'path' | 'fromUtc' | 'toUtc'>): LoggedRequest
  close(request: LoggedRequest, status: number, sent: Uint8Array | { bytes: number; sha256: string }): void
  since(seq: number): { readonly firstSeq: number; readonly requests: readonly LoggedRequest[] }
  sums(): { requests: number; bytes: number; byStatus: Record<string, number>; byFault: Record<string, number> }
}

export const KEPT_REQUESTS = 100_000

export function createRequestLog(): RequestLog {
  let kept: LoggedRequest[] = []
  let seq = 0
  let bytes = 0
  const byStatus: Record<string, number> = {}
  const byFault: Record<string, number> = {}
  return {
    open(request) {
      const entry = { ...request, seq: ++seq, status: null, fault: null, overLimit: false, bytes: 0, sha256: null }
      kept.push(entry)
      if (kept.length >= 2 * KEPT_REQUESTS) kept = kept.slice(-KEPT_REQUESTS)
      return entry
    },
    close(request, status, sent) {
      request.status = status
      request.bytes = sent instanceof Uint8Array ? sent.byteLength : sent.bytes
      request.sha256 = sent instanceof Uint8Array ? sha256(sent) : sent.sha256
      bytes += request.bytes
      byStatus[status] = (byStatus[status] ?? 0) + 1
      if (request.fault !== null) byFault[request.fault] = (byFault[request.fault] ?? 0) + 1
    },
    since(from) {
      const requests = kept.slice(-KEPT_REQUESTS).filter((request) => request.seq >= from)
      return { firstSeq: Math.max(1, seq - KEPT_REQUESTS + 1), requests }
    },
    sums: () => ({ requests: seq, bytes, byStatus, byFault }),
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
