// What a page shows while it has nothing to show: why, and what to do.
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { nowMs } from '../api/clock.ts'
import { type Answer, awaySince, type Problem } from '../api/request.ts'
import { secondText, withoutDay } from '../local-time.ts'

/** Shows what the API answered, or why there is nothing. `isEmpty`: the answer has nothing, and `empty` says why. */
export function Shown<Value>({
  answer,
  isEmpty,
  empty,
  children,
}: {
  answer: Answer<Value>
  isEmpty?: (value: Value) => boolean
  empty?: ComponentChildren
  children: (value: Value) => ComponentChildren
}) {
  if (answer.state === 'failed') return <Failed problem={answer.problem} />
  if (answer.state === 'loading') return <Loading />
  if (isEmpty?.(answer.value)) return <Empty>{empty}</Empty>
  return <div class={answer.isOld && awaySince.value !== null ? 'old' : undefined}>{children(answer.value)}</div>
}

const slowAfterMs = 5_000

/** Says that an answer is on its way, and after some seconds that it takes long. */
export function Loading() {
  const [isSlow, setSlow] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), slowAfterMs)
    return () => clearTimeout(timer)
  }, [])
  if (awaySince.value !== null) return <p class="state">Nothing can be shown until tidemark answers.</p>
  return (
    <p class="state" role="status">
      Loading…{isSlow && ' It takes longer than usual. A question that takes 30 s is ended: ask for a shorter span.'}
    </p>
  )
}

export const Empty = ({ children }: { children: ComponentChildren }) => <div class="state">{children}</div>

export function Failed({ problem }: { problem: Problem }) {
  const isForbidden = problem.status === 401 || problem.status === 403
  return (
    <div class="state failed" role="alert">
      <strong>{isForbidden ? 'This needs other rights' : problem.title}</strong>
      <p>{problem.message}</p>
      {isForbidden && (
        <p>
          An operator makes a link with <code>npx tidemark open</code>.
        </p>
      )}
    </div>
  )
}

/** A bar over every page while the API does not answer. */
export function AwayBar({ tz }: { tz: string }) {
  if (awaySince.value === null) return null
  const time = withoutDay(secondText(awaySince.value, tz), nowMs(), tz)
  return (
    <div class="away" role="alert">
      tidemark does not answer since {time}. What you see is old, and is renewed as soon as it answers. On the server,{' '}
      <code>npx tidemark status</code> says what is wrong.
    </div>
  )
}
