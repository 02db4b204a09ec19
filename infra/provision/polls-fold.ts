// Computes the poller's memory from all records of topic `polls`. Pure.
import {
  hostRecord,
  type IdentityProgress,
  identityRecord,
  type MemoryRecord,
  maxHostPauseMs,
  noProgress,
  pauseOf,
  progressAfter,
} from '#core/memory-records.ts'
import { supersedes, trustedMemory } from '#core/poll-memory.ts'
import type { HostPause, Poll, PollMemory } from '#schemas/generated/records.ts'
import { filesLane } from '#schemas/topics.ts'

export interface PollsFold {
  /** Adds a poll, unless it is of a file. Copies `value`, the poll's bytes, if the poll is its identity's newest. */
  take: (poll: Poll, value: Buffer, at: { partition: number; writtenAtMs: number }) => void
  records: () => Map<number, MemoryRecord[]>
  identities: () => number
}

interface Identity {
  name: string
  /** Memory of the newest poll, as `trustedMemory` returns it. */
  memory: PollMemory
  poll: Buffer
  polledAt: number
  carried: IdentityProgress
}

interface HostPauses {
  attempts: number
  /** When the newest response that demanded a pause arrived, ms UTC by the poller's clock. */
  pausedAtMs: number
  pauses: (HostPause & { recordedAt: number })[]
}

interface Partition {
  newestMs: number
  identities: Map<string, Identity>
  hosts: Map<string, HostPauses>
}

/** @param nowMs the present, ms UTC. A `lastGoodFetchedAt` more than a day later is replaced: a wrong clock set it */
export function createPollsFold(nowMs: number): PollsFold {
  const partitions = new Map<number, Partition>()
  return {
    take(poll, value, { partition, writtenAtMs }) {
      if (poll.lane === filesLane) return
      const known = partitions.get(partition) ?? { newestMs: writtenAtMs, identities: new Map(), hosts: new Map() }
      partitions.set(partition, known)
      known.newestMs = Math.max(known.newestMs, writtenAtMs)
      takeIdentity(known.identities, poll, value, nowMs)
      takePause(known.hosts, poll, writtenAtMs)
    },
    records: () => new Map([...partitions].map(([partition, folded]) => [partition, recordsOf(folded)])),
    identities: () => [...partitions.values()].reduce((sum, { identities }) => sum + identities.size, 0),
  }
}

function takeIdentity(identities: Map<string, Identity>, poll: Poll, value: Buffer, nowMs: number): void {
  const memory = trustedMemory(poll.memory, nowMs)
  const current = identities.get(poll.requestIdentity)
  if (current === undefined) {
    const carried = progressAfter(noProgress, poll)
    const name = poll.requestIdentity
    identities.set(name, { name, memory, poll: Buffer.from(value), polledAt: poll.fetchedAt, carried })
    return
  }
  const isNewer = supersedes(memory, current.memory)
  const { raw, requests } = progressAfter(current.carried, poll)
  // If the poll's answer is older than the newest answer, it is not the newest in raw, whatever the order of polls.
  current.carried = { raw: isNewer ? raw : current.carried.raw, requests }
  current.polledAt = Math.max(current.polledAt, poll.fetchedAt)
  if (!isNewer) return
  current.memory = memory
  // A copy, because a view would keep Kafka's whole batch in memory.
  current.poll = Buffer.from(value)
}

function takePause(hosts: Map<string, HostPauses>, poll: Poll, writtenAtMs: number): void {
  const known = hosts.get(poll.host) ?? { attempts: 0, pausedAtMs: Number.NEGATIVE_INFINITY, pauses: [] }
  const sentSince = poll.sentAt > known.pausedAtMs
  if (poll.pausedUntil === null) {
    if (poll.outcome !== 'failed' && sentSince) known.attempts = 0
    return
  }
  hosts.set(poll.host, known)
  // Requests that were in flight when the pause began do not count as further attempts.
  if (sentSince || known.attempts === 0) known.attempts += 1
  known.pausedAtMs = poll.fetchedAt
  const pause = pauseOf(poll, known.attempts, writtenAtMs)
  if (pause !== undefined) known.pauses.push({ ...pause, recordedAt: writtenAtMs })
  known.pauses = known.pauses.filter(({ recordedAt }) => recordedAt > writtenAtMs - maxHostPauseMs)
}

function recordsOf({ newestMs, identities, hosts }: Partition): MemoryRecord[] {
  const records = [...identities.values()].map(({ name, poll, polledAt, carried }) =>
    identityRecord(name, poll, polledAt, carried, true),
  )
  for (const [host, { pauses }] of hosts) {
    const standing = pauses.filter(({ recordedAt }) => recordedAt > newestMs - maxHostPauseMs)
    if (standing.length > 0) records.push(hostRecord(host, standing))
  }
  return records
}
