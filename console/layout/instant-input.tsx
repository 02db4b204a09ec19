import { clockMs, fromClock } from '../local-time.ts'

const years = { first: 1970, last: 2106 }

/** Asks for an instant in the zone of the page, to the minute. While it is typed, what makes no sense yet is left alone. */
export function InstantInput({
  title,
  ms,
  tz,
  onChange,
}: {
  title: string
  /** ms UTC; null: none. */
  ms: number | null
  tz: string
  onChange: (ms: number | null) => void
}) {
  return (
    <label>
      {title}{' '}
      <input
        type="datetime-local"
        value={ms === null ? '' : new Date(clockMs(ms, tz)).toISOString().slice(0, 16)}
        onChange={({ currentTarget: { value } }) => {
          const year = Number(value.slice(0, 4))
          if (value === '') onChange(null)
          else if (year >= years.first && year <= years.last) onChange(fromClock(Date.parse(`${value}Z`), tz))
        }}
      />
    </label>
  )
}
