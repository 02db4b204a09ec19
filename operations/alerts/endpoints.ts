// Where alerts are sent: webhooks and e-mail addresses, by records of the topic tidemark.alerts.endpoints.
import { randomInt } from 'node:crypto'
import type { Rule } from '#core/alerts/rule.ts'
import { readNewest } from '#platform/kafka/newest-records.ts'
import { withProducer } from '#platform/kafka/produce.ts'
import { writeRecord } from '#platform/kafka/write-record.ts'
import { UserError } from '#platform/process/user-error.ts'
import { alertEndpointsTopic } from '#schemas/alert-topics.ts'
import type { AlertEndpoint } from '#schemas/generated/records.ts'
import type { AlertParts } from './rules.ts'

export interface NewEndpoint {
  id: string
  kind: 'webhook' | 'email'
  address: string
  owner: string
}

/** Returns all endpoints, by id. */
export async function listEndpoints({ kafka, registry, log }: AlertParts): Promise<AlertEndpoint[]> {
  const newest = await readNewest(kafka, registry, alertEndpointsTopic, log)
  return [...newest.values()].toSorted((one, other) => (one.id < other.id ? -1 : 1))
}

/** Returns an endpoint. @throws UserError if there is none of that id */
export async function findEndpoint(parts: AlertParts, id: string): Promise<AlertEndpoint> {
  const endpoints = await listEndpoints(parts)
  const found = endpoints.find((endpoint) => endpoint.id === id)
  if (found !== undefined) return found
  const names = endpoints.map((endpoint) => endpoint.id).join(', ')
  throw new UserError(`There is no endpoint ${id}; there is: ${names || 'none yet'}.`)
}

/** Checks that the endpoints are there that rules tell. @throws UserError that names those that are not */
export async function checkTell(parts: AlertParts, rules: readonly Pick<Rule, 'id' | 'tell'>[]): Promise<void> {
  if (rules.every(({ tell }) => tell.length === 0)) return
  const names = (await listEndpoints(parts)).map(({ id }) => id)
  for (const { id, tell } of rules) {
    const missing = tell.filter((name) => !names.includes(name))
    if (missing.length === 0) continue
    throw new UserError(
      `The rule ${id} tells ${missing.join(', ')}, which is not an endpoint; there is: ${names.join(', ') || 'none yet'}. \`npx tidemark alerts endpoint add\` makes one.`,
    )
  }
}

/**
 * Saves an endpoint. One that was disabled is in use again. @throws UserError if there is one of that id of another owner,
 * whose alerts would go to another address
 */
export async function saveEndpoint(
  parts: AlertParts,
  { id, kind, address, owner }: NewEndpoint,
  by: string,
): Promise<AlertEndpoint> {
  const before = (await listEndpoints(parts)).find((endpoint) => endpoint.id === id)
  if (before !== undefined && before.owner !== owner)
    throw new UserError(
      `There is an endpoint ${id} already, and it belongs to ${before.owner}, not to ${owner}: take another id. To change it for ${before.owner}, name \`--owner '${before.owner}'\`; to give it to ${owner}, delete it first: \`npx tidemark alerts endpoint delete ${id}\`.`,
    )
  return write(parts, {
    ...{ id, kind, address, owner, keyGeneration: before?.keyGeneration ?? anyGeneration() },
    rotatedAt: before?.rotatedAt ?? null,
    ...{ disabledAt: null, disabledWhy: null, changedAt: Date.now(), changedBy: by },
  })
}

/** An endpoint that was deleted and is made again has another secret, which its owner of before does not know. */
const anyGeneration = (): number => randomInt(1, 2 ** 30)

/** Gives a webhook a new signing secret. The one before signs, too, for a day. @throws UserError */
export async function rotateSecret(parts: AlertParts, id: string, by: string): Promise<AlertEndpoint> {
  const before = await findEndpoint(parts, id)
  if (before.kind !== 'webhook') throw new UserError(`${id} is an e-mail address: nothing is signed.`)
  const nowMs = Date.now()
  const keyGeneration = before.keyGeneration + 1
  return write(parts, { ...before, keyGeneration, rotatedAt: nowMs, changedAt: nowMs, changedBy: by })
}

/** Forgets an endpoint and its address. @throws UserError if there is none of that id */
export async function deleteEndpoint(parts: AlertParts, id: string): Promise<void> {
  await findEndpoint(parts, id)
  await withProducer(parts.kafka, (producer) => producer.send(alertEndpointsTopic.name, [{ key: id, value: null }]))
}

async function write(parts: AlertParts, record: AlertEndpoint): Promise<AlertEndpoint> {
  await writeRecord(parts, alertEndpointsTopic, record.id, record)
  return record
}
