import type { Kafka } from '#platform/kafka/client.ts'
import { withProducer } from '#platform/kafka/produce.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { type PollRequest, pollRequestSchema } from '#schemas/generated/records.ts'
import { pollPartitions, pollRequestsTopic } from '#schemas/topics.ts'
import type { Window } from './business-day.ts'
import { partitionOfHost } from './host.ts'
import { requestIdentity } from './request-identity.ts'
import type { RequestPlace } from './requests.ts'

export interface WrittenRequest {
  request: PollRequest
  at: RequestPlace
}

export interface RequestedWindow {
  window: Window
  selector: string | null
}

const maxAtOnce = 500

/**
 * Requests polls of windows from the host's owner. Resolves after all replicas have the requests.
 * @param wanted `host` as hostOf() returns it; `confirmsEmpty`: an operator states that an empty answer is correct
 */
export async function requestWindows(
  kafka: Kafka,
  registry: Registry,
  wanted: {
    dataset: string
    host: string
    windows: readonly RequestedWindow[]
    requestedBy: string
    confirmsEmpty?: boolean
  },
): Promise<WrittenRequest[]> {
  const { dataset, requestedBy, confirmsEmpty = false } = wanted
  return writeRequests(
    kafka,
    registry,
    wanted.host,
    wanted.windows.map(({ window, selector }) => ({
      requestIdentity: requestIdentity(dataset, window, selector),
      ...{ dataset, requestedBy, liftsPauseOf: null, confirmsEmpty },
      ...{ windowStart: window.startMs, windowEnd: window.endMs },
    })),
  )
}

/** Writes a request to end a host's pause that began before now. Resolves after all replicas have the request. */
export async function requestLift(kafka: Kafka, registry: Registry, host: string, requestedBy: string): Promise<void> {
  const noWindow = { dataset: '', windowStart: 0, windowEnd: 0, confirmsEmpty: false }
  await writeRequests(kafka, registry, host, [
    { ...noWindow, requestIdentity: `resume/${host}`, requestedBy, liftsPauseOf: host },
  ])
}

async function writeRequests(
  kafka: Kafka,
  registry: Registry,
  host: string,
  wanted: readonly Omit<PollRequest, 'requestedAt'>[],
): Promise<WrittenRequest[]> {
  const encode = await registry.encoder(pollRequestsTopic.name, pollRequestSchema)
  const partition = partitionOfHost(host, pollPartitions)
  const written: WrittenRequest[] = []
  await withProducer(kafka, async (producer) => {
    for (let first = 0; first < wanted.length; first += maxAtOnce) {
      const requestedAt = Date.now()
      const requests = wanted.slice(first, first + maxAtOnce).map((one) => ({ ...one, requestedAt }))
      const records = requests.map((request) => ({ key: request.requestIdentity, value: encode(request), partition }))
      for (const [index, at] of (await producer.send(pollRequestsTopic.name, records)).entries()) {
        const request = requests[index]
        if (request !== undefined) written.push({ request, at })
      }
    }
  })
  return written
}
