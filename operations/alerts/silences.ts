// Times in which alerts are not sent. What is silenced is still an event, and a message that says so.
import { silencesEvent } from '#core/alerts/silence.ts'
import { readRows, type Store } from '#platform/clickhouse/client.ts'
import { readNewest } from '#platform/kafka/newest-records.ts'
import { writeRecord } from '#platform/kafka/write-record.ts'
import { isVisible } from '#platform/process/printable.ts'
import { UserError } from '#platform/process/user-error.ts'
import { alertSilencesTopic } from '#schemas/alert-topics.ts'
import type { AlertSilence } from '#schemas/generated/records.ts'
import { type OpenKind, openList } from './history.ts'
import type { AlertParts } from './rules.ts'

export interface NewSilence {
  /** Ids of rules, datasets and keys; `*` stands for any characters. */
  rule: string
  dataset: string
  key: string
  untilMs: number
  why: string
  by: string
}

const maxDays = 90

/** Silences alerts from now on. @throws UserError if the end is not ahead, or more than 90 days, or there is no reason */
export async function silence(parts: AlertParts, asked: NewSilence): Promise<AlertSilence> {
  return write(parts, newSilence(asked, Date.now()))
}

/** Returns the record of a silence from now on. Pure. @throws UserError: see `silence` */
export function newSilence({ rule, dataset, key, untilMs, why, by }: NewSilence, nowMs: number): AlertSilence {
  if (untilMs <= nowMs) throw new UserError('The end of the silence lies in the past.')
  if (untilMs > nowMs + maxDays * 86_400_000)
    throw new UserError(`A silence lasts ${maxDays} days at most: delete a rule that nobody needs.`)
  if (!isVisible(why)) throw new UserError('A silence needs a reason that can be read.')
  return {
    ...{ id: crypto.randomUUID().slice(0, 8), rule, dataset, key, fromAt: nowMs, untilAt: untilMs },
    ...{ why: why.trim(), createdBy: by, createdAt: nowMs },
  }
}

/** Returns the silences that are not over, the one that ends first before the others. */
export async function listSilences({ kafka, registry, log }: AlertParts): Promise<AlertSilence[]> {
  const newest = await readNewest(kafka, registry, alertSilencesTopic, log)
  return [...newest.values()]
    .filter(({ untilAt }) => untilAt > Date.now())
    .toSorted((one, other) => one.untilAt - other.untilAt)
}

/**
 * Returns how many alerts that go on each silence holds back, by id.
 * @param nowMs the time of event data, ms UTC: that of a simulator, if there is one
 */
export async function heldBack(
  store: Store,
  silences: readonly AlertSilence[],
  nowMs: number,
): Promise<Map<string, number>> {
  const read = async (kind: OpenKind) => {
    const { sql, parameters } = openList(kind, nowMs)
    const names = `SELECT rule_id AS ruleId, dataset, key FROM (${sql})`
    return readRows<{ ruleId: string; dataset: string; key: string }>(store, names, parameters)
  }
  const open = [...(await read('firing')), ...(await read('unknown'))]
  return new Map(
    silences.map((silence) => [silence.id, open.filter((event) => silencesEvent(silence, event, Date.now())).length]),
  )
}

/** Returns a silence. @throws UserError if there is none of that id that is not over */
export async function findSilence(parts: AlertParts, id: string): Promise<AlertSilence> {
  const found = (await listSilences(parts)).find((each) => each.id === id)
  if (found === undefined) throw new UserError(`There is no silence ${id} that is not over.`)
  return found
}

/** Ends a silence now. @throws UserError if there is none of that id that is not over */
export async function endSilence(parts: AlertParts, id: string): Promise<AlertSilence> {
  return write(parts, { ...(await findSilence(parts, id)), untilAt: Date.now() })
}

async function write(parts: AlertParts, record: AlertSilence): Promise<AlertSilence> {
  await writeRecord(parts, alertSilencesTopic, record.id, record)
  return record
}
