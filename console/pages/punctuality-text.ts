import type { DatasetReport } from '../api/records.ts'

type Punctuality = NonNullable<DatasetReport['punctuality']>

/** Fewer days do not say what is usual. */
const minDays = 5

/** Says when windows became complete. Of few days it says of how many. Pure. */
export function completeText({ days, p50, p95, latest }: Punctuality): string {
  if (days >= minDays) return `usually ${p50}, 95 % by ${p95}, at the latest ${latest}`
  const times = latest === p50 ? p50 : `${p50} to ${latest}`
  return `${times}, of ${days === 1 ? 'one day' : `${days} days`} alone`
}
