// Counts who read which dataset, by the hour, and publishes the counts once a minute.
import { hostname } from 'node:os'
import type { FastifyInstance } from 'fastify'
import type { Producer } from '#platform/kafka/produce.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import type { Logger } from '#platform/process/log.ts'
import { apiUsageTopic } from '#schemas/api-topics.ts'
import { type ApiUsage, apiUsageSchema } from '#schemas/generated/records.ts'

export interface Usage {
  /** Counts the requests of a server. */
  watch: (server: FastifyInstance) => void
  /** Publishes what was counted since the last time. */
  stop: () => Promise<void>
}

const hourMs = 3_600_000
const publishEveryMs = 60_000

export async function openUsage(
  { producer, registry }: { producer: Producer; registry: Registry },
  log: Logger,
): Promise<Usage> {
  const { name } = apiUsageTopic
  const encode = await registry.encoder(name, apiUsageSchema)
  const by = `api-${hostname()}-${process.pid}-${crypto.randomUUID().slice(0, 8)}`
  const counts = new Map<string, ApiUsage>()
  const changed = new Set<string>()

  const count = (caller: string, dataset: string | null): void => {
    const lastAt = Date.now()
    const hour = Math.floor(lastAt / hourMs) * hourMs
    const key = `${hour}/${by}/${caller}/${dataset ?? ''}`
    const known = counts.get(key)
    counts.set(key, { hour, by, caller, dataset, requests: (known?.requests ?? 0) + 1, lastAt })
    changed.add(key)
  }
  const publish = async (): Promise<void> => {
    const records = [...changed].map((key) => ({ key, usage: counts.get(key) as ApiUsage }))
    changed.clear()
    for (const [key, { hour }] of counts) if (hour < Date.now() - hourMs) counts.delete(key)
    if (records.length === 0) return
    try {
      await producer.send(
        name,
        records.map(({ key, usage }) => ({ key, value: encode(usage) })),
      )
    } catch (error) {
      for (const { key } of records) if (counts.has(key)) changed.add(key)
      log.warn({ err: error }, 'what was read could not be published')
    }
  }
  const timer = setInterval(() => void publish(), publishEveryMs).unref()
  return {
    watch: (server) => {
      server.addHook('onResponse', async (request, reply) => {
        if (reply.statusCode >= 400 || request.routeOptions.config.role === undefined) return
        const { dataset } = { ...(request.query as object), ...(request.params as object) } as { dataset?: unknown }
        count(request.caller.name, typeof dataset === 'string' ? dataset : null)
      })
    },
    stop: async () => {
      clearInterval(timer)
      await publish()
    },
  }
}
