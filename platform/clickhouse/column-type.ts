// The types of columns that rows can be written for in the format RowBinary, as the store spells them.

export type ColumnType =
  | { kind: 'string' | 'bool' | 'float64' }
  | { kind: 'integer'; bytes: 1 | 2 | 4 | 8; min: number; max: number }
  /** DateTime, whole seconds, or DateTime64(3), milliseconds. */
  | { kind: 'instant'; unitMs: 1 | 1000; maxMs: number }
  | { kind: 'nullable' | 'array'; of: ColumnType }
  | { kind: 'map'; key: ColumnType; value: ColumnType }

const integer = (bytes: 1 | 2 | 4 | 8, signed: boolean): ColumnType => {
  const bits = signed ? 8 * bytes - 1 : 8 * bytes
  // A number of JavaScript is exact only up to here.
  const max = Math.min(2 ** bits - 1, Number.MAX_SAFE_INTEGER)
  return { kind: 'integer', bytes, min: signed ? Math.max(-(2 ** bits), -Number.MAX_SAFE_INTEGER) : 0, max }
}

const seconds: ColumnType = { kind: 'instant', unitMs: 1000, maxMs: (2 ** 32 - 1) * 1000 }
const milliseconds: ColumnType = { kind: 'instant', unitMs: 1, maxMs: Date.UTC(2299, 11, 31) }

const plain = new Map<string, ColumnType>([
  ['String', { kind: 'string' }],
  ['Bool', { kind: 'bool' }],
  ['Float64', { kind: 'float64' }],
  ['DateTime', seconds],
  ...([1, 2, 4, 8] as const).flatMap((bytes): [string, ColumnType][] => [
    [`Int${8 * bytes}`, integer(bytes, true)],
    [`UInt${8 * bytes}`, integer(bytes, false)],
  ]),
])

/** Returns the type that a text of system.columns names. Undefined if rows cannot be written for it as bytes. */
export function columnType(text: string): ColumnType | undefined {
  const [, name = text, inner] = /^(\w+)\((.*)\)$/.exec(text) ?? []
  if (inner === undefined) return plain.get(name)
  switch (name) {
    // In a row, a dictionary column is the same bytes as a plain one.
    case 'LowCardinality':
      return columnType(inner)
    case 'Nullable':
    case 'Array': {
      const of = columnType(inner)
      return of && { kind: name === 'Array' ? 'array' : 'nullable', of }
    }
    case 'Map': {
      // No type that can be a key has a comma.
      const [, first = '', second = ''] = /^([^,]*), (.*)$/.exec(inner) ?? []
      const [key, value] = [columnType(first), columnType(second)]
      return key && value && { kind: 'map', key, value }
    }
    // The time zone is only for display: the bytes count from 1970, UTC.
    case 'DateTime':
      return seconds
    case 'DateTime64':
      return /^3\b/.test(inner) ? milliseconds : undefined
    default:
      return undefined
  }
}
