// One client of the live stream: what it wants, what it has, and what it is sent.
import type { ServerResponse } from 'node:http'
import type { Store } from '#platform/clickhouse/client.ts'
import { changesAfter } from './change-events.ts'
import { type Cursor, cursorText } from './cursor.ts'
import { type LiveEvent, type LiveFeed, recordKinds } from './feed.ts'

export const liveKinds = [...recordKinds, 'change'] as const
export type LiveKind = (typeof liveKinds)[number]

export interface Wanted {
  kinds: readonly LiveKind[]
  dataset: string | undefined
  key: string | undefined
}

export interface LiveParts {
  feed: LiveFeed
  store: Store
  /** The instant before which every answer known is stored, ms UTC. */
  settledMs: () => Promise<number>
}

const commentEveryMs = 15_000
const changesEveryMs = 2_000
/** A client that leaves more than this unread is cut loose, bytes. It comes back with the id of its last event. */
const maxUnreadBytes = 4 * 1024 * 1024

/**
 * Sends events until the client goes. It first sends those between `since` and now, and then new ones as they come.
 * @param since what the client has; undefined: it wants new events alone
 */
export async function serveClient(
  { feed, store, settledMs }: LiveParts,
  response: ServerResponse,
  wanted: Wanted,
  since: Cursor | undefined,
): Promise<void> {
  const waiting: LiveEvent[] = []
  let isLive = false
  const { offsets: now, leave } = feed.join((event) => {
    if (isLive) take(event)
    else waiting.push(event)
  })
  const offsets = [...(since?.offsets ?? now)]
  let change = since?.change ?? { knownAtMs: await settledMs(), index: 0 }
  const id = (): string => cursorText(feed.partitions, { offsets, change })
  const write = (text: string): void => {
    if (response.destroyed) return
    response.write(text)
    if (response.writableLength > maxUnreadBytes) response.destroy()
  }
  const take = (event: LiveEvent): void => {
    if (event.next <= (offsets[event.partition] ?? 0)) return
    offsets[event.partition] = event.next
    if (isWanted(event, wanted)) write(`id: ${id()}\nevent: ${event.kind}\ndata: ${event.json}\n\n`)
  }
  const sendChanges = async (): Promise<void> => {
    if (!wanted.kinds.includes('change')) return
    for (const event of await changesAfter(store, change, await settledMs(), wanted)) {
      change = event.place
      write(`id: ${id()}\nevent: change\ndata: ${event.json}\n\n`)
    }
  }
  // An id without an event moves the client on, so that it has little to catch up with when it comes back.
  const comment = setInterval(() => write(`: still here\nid: ${id()}\n\n`), commentEveryMs)
  try {
    write(`retry: 2000\nid: ${id()}\n\n`)
    if (since) await feed.readAgain(since.offsets, now, take)
    for (const event of waiting) take(event)
    isLive = true
    await untilClosed(response, sendChanges)
  } finally {
    clearInterval(comment)
    leave()
    response.destroy()
  }
}

function isWanted({ kind, dataset, key }: LiveEvent, wanted: Wanted): boolean {
  if (!wanted.kinds.includes(kind)) return false
  if (wanted.dataset !== undefined && wanted.dataset !== dataset) return false
  return wanted.key === undefined || key === null || wanted.key === key
}

/** Runs `work` again and again until the client has gone. An error of the work ends it, and the client comes back. */
async function untilClosed(response: ServerResponse, work: () => Promise<void>): Promise<void> {
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  response.once('close', resolve)
  if (response.destroyed) resolve()
  while (!response.destroyed) {
    await work()
    const timer = Promise.withResolvers<void>()
    const timeout = setTimeout(timer.resolve, changesEveryMs)
    await Promise.race([closed, timer.promise])
    clearTimeout(timeout)
  }
}
