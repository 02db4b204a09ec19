// Parses an answer of getauctions: a list of auctions. Each has a market period and the results of its products.
import { z } from 'zod'
import { readJson } from '../answers/json.ts'
import { isRefusal, quoteJson, refused } from '../answers/refusal.ts'
import { instantMs } from '../answers/times.ts'
import type { Answer, Refusal } from '../source.ts'

const corridor = z.string().regex(/^[A-Za-z0-9()_-]{1,40}$/)
const time = z.string().transform((text, context) => {
  const ms = instantMs(text)
  if (ms === undefined) context.addIssue('not a time with an offset, such as 2026-04-20T22:00:00Z')
  return ms ?? z.NEVER
})
const amount = z.number().nullish()

const result = z.looseObject({
  productHour: z.string().max(40).nullish(),
  productIdentification: z.string().max(40).nullish(),
  offeredCapacity: amount,
  requestedCapacity: amount,
  allocatedCapacity: amount,
  auctionPrice: amount,
})

const auction = z.looseObject({
  identification: z.string().max(80),
  corridorCode: corridor,
  cancelled: z.boolean().nullish(),
  lastDataUpdate: time.nullish(),
  marketPeriodStart: time,
  marketPeriodStop: time,
  results: z.array(result).max(2_000).nullish(),
})

export type Auction = z.infer<typeof auction>
export type Result = z.infer<typeof result>

const message = z.object({ message: z.string() })

/** Parses an answer. Returns [] for "No data found", which upstream sends with status 400. */
export function readAuctions(body: Uint8Array): Auction[] | Refusal {
  const json = readJson(body)
  if (isRefusal(json)) return json
  if (!Array.isArray(json.value)) {
    const reply = message.safeParse(json.value)
    if (reply.success && /^no data found\.?$/i.test(reply.data.message.trim())) return []
    return reply.success
      ? refused('upstream-rejected', `upstream rejected the request: ${quoteJson(reply.data.message, 500)}`)
      : refused('schema', `not a list of auctions: ${quoteJson(json.value)}`)
  }
  const auctions: Auction[] = []
  for (const [index, value] of json.value.entries()) {
    const read = auction.safeParse(value)
    if (!read.success) return unreadable(index, read.error)
    auctions.push(read.data)
  }
  return auctions
}

/** Returns the requested corridor's auctions whose market period begins in the window. Counts others as ignored. */
export function auctionsOf(
  auctions: Auction[],
  { window, selector }: Pick<Answer, 'window' | 'selector'>,
  ignored: Record<string, number>,
): Auction[] {
  const asked = selector?.toUpperCase()
  return auctions.filter(({ corridorCode, marketPeriodStart }) => {
    const why =
      asked !== undefined && corridorCode.toUpperCase() !== asked
        ? 'another-corridor'
        : marketPeriodStart < window.startMs || marketPeriodStart >= window.endMs
          ? 'outside-window'
          : undefined
    if (why !== undefined) ignored[why] = (ignored[why] ?? 0) + 1
    return why === undefined
  })
}

function unreadable(index: number, error: z.ZodError): Refusal {
  const issue = error.issues[0]
  const path = ['', ...(issue?.path ?? [])].join('.')
  return refused(issue?.code === 'invalid_type' ? 'type' : 'schema', `auction ${index}${path}: ${issue?.message}`)
}
