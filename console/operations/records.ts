// What the API answers about operations. Instants are ISO 8601 UTC.

export type Role = 'reader' | 'trader' | 'operator' | 'admin'

export interface Session {
  name: string
  role: Role
  source: string | null
  expires: string | null
  anonymous: boolean
}

export interface Part {
  part: string
  state: 'ready' | 'not-ready' | 'away' | 'unknown'
  reason: string | null
}

export interface Lag {
  group: string
  topic: string
  records: number
  seconds: number | null
}

export interface HostBudget {
  host: string
  sentLastMinute: number
  perMinute: number
  pausedUntil: string | null
  pauseReason: string | null
  unreachable: { since: string; reason: string; nextTryAt: string } | null
}

export interface DeadLetter {
  id: string
  at: string
  dataset: string
  reason: string
  message: string
  request_identity: string
  version: string
  attempts: number
}

export interface Parked {
  at: string
  dataset: string
  reason: string
  message: string
}

export interface Job {
  id: string
  action: string
  who: string
  startedAt: string
  endedAt: string | null
  state: 'running' | 'done' | 'failed'
  progress: unknown
  result: unknown
  failed: string | null
}

export interface Replay {
  started_at: string
  id: string
  kind: string
  dataset: string
  state: string
  at: string
  who: string
  why: string
  message: string
}
