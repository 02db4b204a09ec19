const beatEveryMs = 2_000

/**
 * Does some work while heartbeating: kafkajs heartbeats only when told to, and a slow insert would lose the partition.
 * A failed heartbeat (the group is rebalancing, or does not know us) is thrown after the work, whose result is then
 * void: nothing may be committed.
 */
export async function whileHeartbeating<Result>(
  heartbeat: () => Promise<void>,
  work: () => Promise<Result>,
): Promise<Result> {
  let lost: { error: unknown } | undefined
  const timer = setInterval(() => {
    heartbeat().catch((error) => {
      lost = { error }
    })
  }, beatEveryMs)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    if (lost) await Promise.reject(lost.error)
  }
}
