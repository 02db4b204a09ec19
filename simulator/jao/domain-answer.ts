import { okReply, problemReply, type Reply } from '../reply.ts'
import { envelopeEnd } from './answer.ts'
import type { Domain } from './domain.ts'

const CHUNK_CHARACTERS = 65_536

/** Answers with a page, streamed, because an hour of Core has 21 to 25 MB. Refuses `Filter`, which is not simulated. */
export function domainReply(
  domain: Domain,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  given: ReadonlyMap<string, string>,
  atMs: number,
): Reply {
  const skip = whole(given.get('skip'), 0)
  const take = whole(given.get('take'), Number.MAX_SAFE_INTEGER)
  const errors = {
    ...(skip === undefined && { Skip: ['Skip must be a whole number, not negative.'] }),
    ...(take === undefined && { Take: ['Take must be a whole number, not negative.'] }),
    ...(given.has('filter') && { Filter: ['The simulator does not filter: leave it out.'] }),
  }
  if (skip === undefined || take === undefined || given.has('filter')) {
    return problemReply(400, 'One or more validation errors occurred.', { errors })
  }
  const tail = envelopeEnd(domain.count(fromMs, toMs, atMs))
  if (take === 0) return okReply(Buffer.from(`{"data":[${tail}`))
  return { ...okReply(Buffer.alloc(0)), parts: () => chunks(domain.page(fromMs, toMs, atMs, skip, take), tail) }
}

function* chunks(rows: Iterable<string>, tail: string): Generator<string> {
  let text = '{"data":['
  let comma = ''
  for (const row of rows) {
    text += comma + row
    comma = ','
    if (text.length < CHUNK_CHARACTERS) continue
    yield text
    text = ''
  }
  yield text + tail
}

function whole(text: string | undefined, otherwise: number): number | undefined {
  if (text === undefined) return otherwise
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined
}
