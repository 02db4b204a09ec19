import { z } from 'zod'
import { addDays, businessDay, dayAt, hoursOf } from './calendar.ts'
import { maxExchanges } from './dataset.ts'
import type { Domain } from './domain.ts'
import type { Jao } from './jao.ts'
import type { Command } from './publications.ts'
import type { Upstream } from './upstream.ts'

const dataset = z.string().max(100).optional()
const day = z.iso.date()
const key = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_ .()-]{0,120}$/, 'must look like border_AT_BE')
/** A UTC instant, or the index of an hour in the business day, from 0. */
const hour = z.union([z.int().min(0).max(24), z.iso.datetime({ offset: true })])
const value = z.number().min(-1e9).max(1e9).nullable()
const onDay = { dataset, day }

/** Commands that change a day. Their default dataset is core.maxExchanges. */
export const dayVerbs = {
  revise: z.strictObject({
    revise: z.strictObject({ ...onDay, hour: hour.optional(), key: key.optional(), value: value.optional() }),
  }),
  vanishHour: z.strictObject({ vanishHour: z.strictObject({ ...onDay, hour }) }),
  vanishKey: z.strictObject({ vanishKey: z.strictObject({ ...onDay, key }) }),
  addKey: z.strictObject({ addKey: z.strictObject({ ...onDay, key }) }),
  publishNow: z.strictObject({ publishNow: z.strictObject(onDay) }),
  delay: z.strictObject({ delay: z.strictObject({ ...onDay, minutes: z.int().positive().max(100_000) }) }),
}

export type DayOrder = z.infer<(typeof dayVerbs)[keyof typeof dayVerbs]>
type Target = { dataset?: string; day: string; hour?: string | number; key?: string }

/**
 * Turns an order of the control API into a command at `atMs`, or returns the reason to refuse it. A change of an
 * unpublished day becomes part of its first publication. Pure.
 */
export function dayCommand(
  order: DayOrder,
  jao: Jao,
  atMs: number,
): { readonly command: Command; readonly error?: undefined } | { readonly error: string } {
  const target = Object.values(order)[0] as Target
  const upstream = jao.named(target.dataset)
  if (upstream === undefined) return { error: `${target.dataset} is not a dataset; there are ${jao.names().join(' ')}` }
  const { firstDay, name } = upstream.dataset
  const lastDay = addDays(dayAt(atMs), 31)
  if (target.day < firstDay || target.day > lastDay) {
    return { error: `${target.day} is not a day of this upstream: it holds ${firstDay} to ${lastDay}` }
  }
  const hourMs = target.hour === undefined ? undefined : readHour(target.day, target.hour)
  const error =
    'page' in upstream ? domainRefusal(order, upstream, atMs) : refusal(order, target, hourMs, upstream, atMs)
  if (error !== undefined) return { error }
  const what = edit(order, hourMs, upstream.commands().length + 1)
  return { command: { ...(name !== maxExchanges.name && { dataset: name }), day: target.day, atMs, what } }
}

/** Returns why an order for a dataset of constraints is refused, if it is. Only a whole day can be revised. */
function domainRefusal(order: DayOrder, { dataset, inForce }: Domain, atMs: number): string | undefined {
  if ('publishNow' in order || 'delay' in order) {
    const { day } = Object.values(order)[0] as Target
    return alreadyOut(day, inForce(day, atMs)?.publishedAtMs)
  }
  if (!('revise' in order) || !isRandom(order.revise))
    return `${dataset.name} is revised as a whole: {"revise":{"day"}}`
  return inForce(order.revise.day, atMs) === undefined ? notOut(order.revise.day) : undefined
}

function refusal(
  order: DayOrder,
  target: Target,
  hourMs: number | undefined,
  upstream: Upstream,
  atMs: number,
): string | undefined {
  const published = upstream.published(target.day, atMs)
  if ('publishNow' in order || 'delay' in order) {
    return alreadyOut(target.day, published?.publication.publishedAtMs)
  }
  if ('revise' in order && published === undefined && isRandom(order.revise)) {
    return notOut(target.day)
  }
  const { hoursMs, columns } = upstream.expected(target.day, atMs)
  if (target.hour !== undefined && (hourMs === undefined || !hoursMs.includes(hourMs))) {
    return `${target.day} has no row for hour ${target.hour}; it has ${hoursMs.map(isoText).join(' ')}`
  }
  if (target.key === undefined) return undefined
  const known = columns.some((column) => column.key === target.key)
  if ('addKey' in order && !upstream.dataset.prefixes.some((prefix) => order.addKey.key.startsWith(prefix))) {
    return `${target.key} must look like ${columns[0]?.key}`
  }
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

function alreadyOut(day: string, sinceMs: number | undefined): string | undefined {
  return sinceMs === undefined ? undefined : `${day} is published since ${new Date(sinceMs).toISOString()}`
}

function notOut(day: string): string {
  return `${day} is not published yet; a random revision needs something to revise (publishNow comes first)`
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
