import { z } from 'zod'
import { HOST_NAMES, type HostName } from './hosts.ts'

const DAY_MS = 86_400_000

const target = {
  /** For so many matching requests; without it until `{"clear":true}`. */
  count: z.int().positive().optional(),
  /** Only requests whose window touches this business day. */
  day: z.iso.date().optional(),
  /** Only requests to this host; JAO's publication tool where it is not said. */
  host: z.enum(HOST_NAMES).optional(),
}

/** A fault to inject. `slow` delays the header or the second half of the body; `cut-off` breaks the connection. */
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

/**
 * Which fault a request to a host gets, and what is left of the list. Pure. The oldest fault that matches wins; one with a count
 * has it lowered and leaves the list at zero.
 *
 * @param days the business days the request's window touches; none when the window cannot be read
 */
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
