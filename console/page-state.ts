// The state of a page, as parameters of its URL. All functions are pure.

/** How a part of the state is written in the URL. */
export interface Field<Value> {
  /** Reads a parameter, which may be anything. null: it is absent. Returns the default if it makes no sense. */
  parse: (text: string | null) => Value
  /** null: the parameter is left out, because it is the default. */
  format: (value: Value) => string | null
}

export interface PageState<State> {
  parse: (parameters: URLSearchParams) => State
  /** Returns the query of a URL, in the order of the fields; empty if everything is a default. */
  format: (state: State) => string
}

type Fields<State> = { [Name in keyof State]: Field<State[Name]> }

/** Makes the state of a page of its fields. `parse` undoes `format`. */
export function pageState<State extends object>(fields: Fields<State>): PageState<State> {
  const entries = Object.entries(fields) as [string, Field<unknown>][]
  return {
    parse: (parameters) =>
      Object.fromEntries(entries.map(([name, field]) => [name, field.parse(parameters.get(name))])) as State,
    format: (state) => {
      const parameters = new URLSearchParams()
      for (const [name, field] of entries) {
        const text = field.format(state[name as keyof State])
        if (text !== null) parameters.set(name, text)
      }
      return parameters.toString()
    },
  }
}

/** Text; empty is the default. */
export const text: Field<string> = {
  parse: (value) => value ?? '',
  format: (value) => (value === '' ? null : value),
}

/** One of some words. The first is the default. */
export const oneOf = <Word extends string>(...words: readonly [Word, ...Word[]]): Field<Word> => ({
  parse: (value) => words.find((word) => word === value) ?? words[0],
  format: (value) => (value === words[0] ? null : value),
})

/** What the store can hold: 1970 to 2106. */
const latestMs = 2 ** 32 * 1_000

/** An instant, ms UTC, written as ISO 8601. null is the default. */
export const instant: Field<number | null> = {
  parse: (value) => {
    const ms = Date.parse(value ?? '')
    return ms >= 0 && ms < latestMs ? ms : null
  },
  format: (ms) => (ms === null ? null : new Date(ms).toISOString()),
}

/** A day, YYYY-MM-DD. null is the default. */
export const day: Field<string | null> = {
  parse: (value) => {
    if (value === null || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return null
    const ms = Date.parse(`${value}T00:00:00Z`)
    return !(ms >= 0 && ms < latestMs) || new Date(ms).toISOString().slice(0, 10) !== value ? null : value
  },
  format: (value) => value,
}

/** A number that is not negative. null is the default. */
export const amount: Field<number | null> = {
  parse: (value) => {
    const number = value === null || value.trim() === '' ? Number.NaN : Number(value)
    return Number.isFinite(number) && number >= 0 ? number : null
  },
  format: (value) => (value === null ? null : String(value)),
}

/** Names, each once. None is the default. A comma within a name is escaped. */
export const names: Field<string[]> = {
  parse: (value) => {
    const parts = (value ?? '').split(',').filter((part) => part !== '')
    return [...new Set(parts.map(unescapeName))]
  },
  format: (values) => (values.length === 0 ? null : values.map(escapeName).join(',')),
}

const escapeName = (name: string): string => name.replaceAll('%', '%25').replaceAll(',', '%2C')
const unescapeName = (name: string): string => name.replaceAll('%2C', ',').replaceAll('%25', '%')

export const flag: Field<boolean> = { parse: (value) => value === '1', format: (value) => (value ? '1' : null) }

export const defaultZone = 'Europe/Brussels'

/** An IANA zone that the browser knows. */
export const zone: Field<string> = {
  parse: (value) => (value !== null && isZone(value) ? value : defaultZone),
  format: (value) => (value === defaultZone ? null : value),
}

function isZone(name: string): boolean {
  try {
    return /^[A-Za-z]/.test(name) && new Intl.DateTimeFormat('en', { timeZone: name }) !== null
  } catch {
    return false
  }
}
