import { z } from 'zod'
import { type Fault, faultSchema } from '../faults.ts'
import { addDays, businessDay, dayAt, FIRST_DAY, hoursOf } from './calendar.ts'
import type { Command } from './publications.ts'
import type { Upstream } from './upstream.ts'

const day = z.iso.date()
const key = z.string().regex(/^border_[A-Za-z0-9_]{1,120}$/, 'must look like border_AT_BE')
/** The start of an hour: a UTC instant, or its number within the business day, the first being 0. */
const hour = z.union([z.int().min(0).max(24), z.iso.datetime({ offset: true })])
const value = z.number().min(-1e9).max(1e9).nullable()

const verbs = {
  fault: faultSchema,
  revise: z.strictObject({
    revise: z.strictObject({ day, hour: hour.optional(), key: key.optional(), value: value.optional() }),
  }),
  vanishHour: z.strictObject({ vanishHour: z.strictObject({ day, hour }) }),
  vanishKey: z.strictObject({ vanishKey: z.strictObject({ day, key }) }),
  addKey: z.strictObject({ addKey: z.strictObject({ day, key }) }),
  publishNow: z.strictObject({ publishNow: z.strictObject({ day }) }),
  delay: z.strictObject({ delay: z.strictObject({ day, minutes: z.int().positive().max(100_000) }) }),
  etag: z.strictObject({ etag: z.boolean() }),
  clear: z.strictObject({ clear: z.literal(true) }),
}

type Verb = keyof typeof verbs

/** A command understood: a fault, a switch, or something that happens to a day. */
export type Order =
  | { readonly verb: 'fault'; readonly fault: Fault }
  | { readonly verb: 'etag'; readonly on: boolean }
  | { readonly verb: 'clear' }
  | { readonly verb: 'day'; readonly command: Command }

export type Understood = { readonly order: Order; readonly error?: undefined } | { readonly error: string }

/**
 * Reads the body of a command. Pure: what the upstream has published by `atMs` decides whether a command makes sense.
 * A command on the content of a day that is not out yet becomes part of its first publication.
 */
export function readCommand(body: unknown, upstream: Upstream, atMs: number): Understood {
  const names = Object.keys(verbs) as Verb[]
  const given = typeof body === 'object' && body !== null ? names.filter((name) => Object.hasOwn(body, name)) : []
  const [verb] = given
  if (verb === undefined || given.length > 1) {
    return { error: `a command is a JSON object with exactly one of the keys ${names.join(', ')}` }
  }
  const parsed = verbs[verb].safeParse(body)
  if (!parsed.success) return { error: `${verb}: ${z.prettifyError(parsed.error)}` }
  const { data } = parsed
  if ('fault' in data) return { order: { verb: 'fault', fault: data } }
  if ('etag' in data) return { order: { verb: 'etag', on: data.etag } }
  if ('clear' in data) return { order: { verb: 'clear' } }
  return dayCommand(data, upstream, atMs)
}

type DayOrder =
  | z.infer<typeof verbs.revise>
  | z.infer<typeof verbs.vanishHour>
  | z.infer<typeof verbs.vanishKey>
  | z.infer<typeof verbs.addKey>
  | z.infer<typeof verbs.publishNow>
  | z.infer<typeof verbs.delay>

function dayCommand(order: DayOrder, upstream: Upstream, atMs: number): Understood {
  const target = Object.values(order)[0] as { day: string; hour?: string | number; key?: string }
  const lastDay = addDays(dayAt(atMs), 31)
  if (target.day < FIRST_DAY || target.day > lastDay) {
    return { error: `${target.day} is no day of this upstream: it holds ${FIRST_DAY} to ${lastDay}` }
  }
  const hourMs = target.hour === undefined ? undefined : readHour(target.day, target.hour)
  const error = refusal(order, target, hourMs, upstream, atMs)
  if (error !== undefined) return { error }
  const what = edit(order, hourMs, upstream.commands().length + 1)
  return { order: { verb: 'day', command: { day: target.day, atMs, what } } }
}

function refusal(
  order: DayOrder,
  target: { day: string; hour?: string | number; key?: string },
  hourMs: number | undefined,
  upstream: Upstream,
  atMs: number,
): string | undefined {
  const published = upstream.published(target.day, atMs)
  if ('publishNow' in order || 'delay' in order) {
    if (published === undefined) return undefined
    return `${target.day} is published since ${new Date(published.publication.publishedAtMs).toISOString()}`
  }
  if ('revise' in order && published === undefined && isRandom(order.revise)) {
    return `${target.day} is not published yet; a random revision needs something to revise (publishNow comes first)`
  }
  const { hoursMs, columns } = upstream.expected(target.day, atMs)
  if (target.hour !== undefined && (hourMs === undefined || !hoursMs.includes(hourMs))) {
    return `${target.day} has no row for hour ${target.hour}; it has ${hoursMs.map(isoText).join(' ')}`
  }
  if (target.key === undefined) return undefined
  const known = columns.some((border) => border.key === target.key)
  if ('addKey' in order) return known ? `${target.day} has the key ${target.key} already` : undefined
  return known ? undefined : `${target.day} has no key ${target.key}`
}

function edit(order: DayOrder, hourMs: number | undefined, salt: number): Command['what'] {
  if ('publishNow' in order) return { verb: 'publishNow' }
  if ('delay' in order) return { verb: 'delay', minutes: order.delay.minutes }
  if ('addKey' in order) return { verb: 'addKey', key: order.addKey.key }
  if ('vanishKey' in order) return { verb: 'vanishKey', key: order.vanishKey.key }
  if ('vanishHour' in order) return { verb: 'vanishHour', hourMs: hourMs ?? 0 }
  const { revise } = order
  if (isRandom(revise)) return { verb: 'redraw' }
  return {
    verb: 'revise',
    ...(hourMs !== undefined && { hourMs }),
    ...(revise.key !== undefined && { key: revise.key }),
    ...(revise.value !== undefined && { value: revise.value }),
    salt,
  }
}

function isRandom(revise: { hour?: unknown; key?: unknown; value?: unknown }): boolean {
  return revise.hour === undefined && revise.key === undefined && revise.value === undefined
}

function readHour(day: string, hour: string | number): number | undefined {
  return typeof hour === 'number' ? hoursOf(businessDay(day))[hour] : Date.parse(hour)
}

function isoText(instantMs: number): string {
  return `${new Date(instantMs).toISOString().slice(0, 16)}Z`
}
