// Every change over the API is a record: who, what, why, and what came of it.
import type { Producer } from '#platform/kafka/produce.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import type { Logger } from '#platform/process/log.ts'
import { auditTopic } from '#schemas/api-topics.ts'
import { type Audit, auditSchema } from '#schemas/generated/records.ts'
import type { Caller } from './access.ts'

export interface Change {
  caller: Caller
  /** Such as requeue. */
  action: string
  /** What it concerns. It is written down as JSON. */
  target: Record<string, unknown>
  /** The reason that the caller gave. */
  why: string
}

export interface AuditLog {
  /**
   * Writes down that a change was asked for, makes it, and writes down what came of it. Nothing is changed if the first
   * record cannot be written. Returns the id of the record and the result.
   */
  record: <Result>(change: Change, work: (id: string) => Promise<Result>) => Promise<{ id: string; result: Result }>
}

const maxResultChars = 20_000

export async function openAuditLog(
  { producer, registry }: { producer: Producer; registry: Registry },
  log: Logger,
): Promise<AuditLog> {
  const { name } = auditTopic
  const encode = await registry.encoder(name, auditSchema)
  const write = (audit: Audit) => producer.send(name, [{ key: audit.id, value: encode(audit) }])
  return {
    record: async ({ caller, action, target, why }, work) => {
      const asked: Audit = {
        ...{ id: crypto.randomUUID(), at: Date.now(), who: caller.name, role: caller.role, action, why },
        ...{ target: JSON.stringify(target), result: null, failed: null, endedAt: null },
      }
      await write(asked)
      const end = (outcome: Partial<Audit>) =>
        write({ ...asked, ...outcome, endedAt: Date.now() }).catch((error: Error) => {
          log.error({ err: error, audit: asked.id, outcome }, 'the outcome of a change could not be written')
        })
      try {
        const result = await work(asked.id)
        await end({ result: JSON.stringify(result ?? null).slice(0, maxResultChars) })
        return { id: asked.id, result }
      } catch (error) {
        await end({ failed: (error as Error).message.slice(0, maxResultChars) })
        throw error
      }
    },
  }
}
