// The slow and plain way from a row to bytes. test/store/ holds it against what the store makes of the same row as JSON.
import type { ColumnType } from './column-type.ts'
import type { BinaryRow, RowBuffer } from './row-buffer.ts'

/**
 * Writes the values of a row, one a type, in the format RowBinary. Returns undefined if a value is not
 * exactly what its type holds: then the store must read the row as JSON, and refuse or change the value itself.
 */
export function encodeRow(types: readonly ColumnType[], row: readonly unknown[], to: RowBuffer): BinaryRow | undefined {
  to.startRow()
  for (const [index, type] of types.entries()) {
    if (encodeValue(type, row[index], to)) continue
    to.dropRow()
    return undefined
  }
  return to.endRow()
}

// The widest value of a fixed width, or the longest length.
const maxFixedBytes = 9

function encodeValue(type: ColumnType, value: unknown, to: RowBuffer): boolean {
  to.room(maxFixedBytes)
  switch (type.kind) {
    case 'string':
      if (typeof value !== 'string' || !value.isWellFormed()) return false
      to.text(value)
      return true
    case 'bool':
      if (typeof value !== 'boolean') return false
      to.byte(Number(value))
      return true
    case 'float64':
      if (typeof value !== 'number' || !Number.isFinite(value)) return false
      to.float64(value)
      return true
    case 'integer':
      if (!Number.isInteger(value) || Number(value) < type.min || Number(value) > type.max) return false
      to.integer(Number(value), type.bytes)
      return true
    case 'instant':
      return encodeInstant(type, value, to)
    case 'nullable':
      to.byte(Number(value === null))
      return value === null || encodeValue(type.of, value, to)
    case 'array':
      if (!Array.isArray(value)) return false
      to.length(value.length)
      return value.every((item) => encodeValue(type.of, item, to))
    case 'map':
      return encodeMap(type, value, to)
  }
}

/** Writes an instant that is ISO 8601 text, as `toISOString` writes it. */
function encodeInstant(type: ColumnType & { kind: 'instant' }, value: unknown, to: RowBuffer): boolean {
  if (typeof value !== 'string') return false
  const ms = Date.parse(value)
  if (!isHeldBy(type, ms) || new Date(ms).toISOString() !== value) return false
  writeInstant(type, ms, to)
  return true
}

/** Whether the type holds the instant, ms UTC, as it is. The store cuts or moves others. */
export const isHeldBy = ({ unitMs, maxMs }: ColumnType & { kind: 'instant' }, ms: number): boolean =>
  ms >= 0 && ms <= maxMs && ms % unitMs === 0

export const writeInstant = ({ unitMs }: ColumnType & { kind: 'instant' }, ms: number, to: RowBuffer): void =>
  unitMs === 1 ? to.integer(ms, 8) : to.integer(ms / unitMs, 4)

function encodeMap({ key, value: of }: ColumnType & { kind: 'map' }, value: unknown, to: RowBuffer): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const entries = Object.entries(value)
  to.length(entries.length)
  return entries.every(([name, item]) => encodeValue(key, name, to) && encodeValue(of, item, to))
}
