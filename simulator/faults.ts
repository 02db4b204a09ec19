import { z } from 'zod'
import { HOST_NAMES, type HostName } from './hosts.ts'

const DAY_MS = 86_400_000

const target = {
  /** Number of requests that get the fault. Default: all, until `{"clear":true}`. */
  count: z.int().positive().optional(),
  day: z.iso.date().optional(),
  host: z.enum(HOST_NAMES).optional(),
}

/** Faults of answers. `slow` delays the header or the second half of the body. `cut-off` breaks the connection. */
export const faultSchema = z.discriminatedUnion('fault', [
  z.strictObject({ fault: z.literal('429'), ...target }),
  z.strictObject({ fault: z.literal('429-retry-after'), retryAfterS: z.int().nonnegative().default(5), ...target }),
  z.strictObject({ fault: z.literal('500'), ...target }),
  z.strictObject({ fault: z.literal('503'), ...target }),
  z.strictObject({
    fault: z.literal('slow'),
    ms: z.int().nonnegative().max(DAY_MS),
    part: z.enum(['header', 'body']).default('header'),
    ...target,
  }),
  z.strictObject({ fault: z.literal('cut-off'), ...target }),
  z.strictObject({ fault: z.literal('cut-off-json'), ...target }),
  z.strictObject({ fault: z.literal('html'), ...target }),
  z.strictObject({ fault: z.literal('rejected'), ...target }),
  z.strictObject({ fault: z.literal('empty'), ...target }),
  z.strictObject({ fault: z.literal('wrong-day'), ...target }),
  z.strictObject({ fault: z.literal('reset'), ...target }),
  z.strictObject({ fault: z.literal('garbage-json'), ...target }),
  z.strictObject({
    fault: z.literal('huge'),
    bytes: z.int().min(100).max(4_294_967_296).default(67_108_864),
    ...target,
  }),
])

export type Fault = z.infer<typeof faultSchema>

/** Returns the oldest fault that matches a request, and the faults that are left once that fault is used. Pure. */
export function takeFault(
  faults: readonly Fault[],
  days: readonly string[],
  asked: HostName,
): { readonly fault: Fault | undefined; readonly left: readonly Fault[] } {
  const index = faults.findIndex(({ day, host = 'jao' }) => host === asked && (day === undefined || days.includes(day)))
  const fault = faults[index]
  if (fault?.count === undefined) return { fault, left: faults }
  const lowered = fault.count > 1 ? [{ ...fault, count: fault.count - 1 }] : []
  return { fault, left: faults.toSpliced(index, 1, ...lowered) }
}
