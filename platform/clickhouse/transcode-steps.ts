// What is done for a field of an Avro record: its bytes become the bytes of a value in a row, or are skipped. Whatever a
// producer writes otherwise than usual ends the row: the Avro library reads more than these steps do, and has the words for
// what nobody can read.
import { isUtf8 } from 'node:buffer'
import type { FieldCell } from '#schemas/record-schema.ts'
import type { AvroBytes } from './avro-bytes.ts'
import type { ColumnType } from './column-type.ts'
import { isHeldBy, writeInstant } from './encode-row.ts'
import type { RowBuffer } from './row-buffer.ts'

/** Returns false if the bytes are unusual. Makes room for what it writes. */
export type Step = (from: AvroBytes, to: RowBuffer) => boolean

export type Avro = string | Avro[] | AvroRecord | AvroArray | AvroMap | { type: 'int' | 'long' }
export interface AvroRecord {
  type: 'record'
  fields: { name: string; type: Avro }[]
}
interface AvroArray {
  type: 'array'
  items: Avro
}
interface AvroMap {
  type: 'map'
  values: Avro
}

type How = Pick<FieldCell, 'isInstant' | 'limit'>

/** Returns the step from a field to a column. Undefined if there is none between types of these kinds. */
export function writeStep(avro: Avro, column: ColumnType, cell: How = {}): Step | undefined {
  if (Array.isArray(avro)) return fromUnion(avro, column, cell)
  if (column.kind === 'nullable') {
    const write = writeStep(avro, column.of, cell)
    return write && afterByte(0, write)
  }
  const kind = typeof avro === 'string' ? avro : avro.type
  if (kind === 'int' || kind === 'long') return fromLong(column, cell)
  if (cell.isInstant) return undefined
  if (kind === 'array' && column.kind === 'array') return fromArray(avro as AvroArray, column.of, cell.limit?.maxItems)
  if (cell.limit) return undefined
  if (kind === 'map' && column.kind === 'map' && column.key.kind === 'string')
    return fromMap(avro as AvroMap, column.value)
  switch (`${kind} to ${column.kind}`) {
    case 'string to string':
      return copyText
    case 'boolean to bool':
      return copyBoolean
    case 'double to float64':
      return copyDouble
    default:
      return undefined
  }
}

function fromLong(column: ColumnType, { isInstant, limit }: How): Step | undefined {
  if (limit) return undefined
  if (column.kind === 'integer' && !isInstant) return (from, to) => toInteger(column, from.long(), to)
  if (column.kind !== 'instant' || !isInstant) return undefined
  return (from, to) => {
    const ms = from.long()
    if (!isHeldBy(column, ms)) return false
    to.room(8)
    writeInstant(column, ms, to)
    return true
  }
}

/** Writes an integer. Returns false for NaN, and for what the type does not hold. */
export function toInteger(
  { min, max, bytes }: ColumnType & { kind: 'integer' },
  value: number,
  to: RowBuffer,
): boolean {
  if (!(value >= min && value <= max)) return false
  to.room(8)
  to.integer(value, bytes)
  return true
}

/** The step of a field that is null or of one type, in either order. */
function fromUnion(branches: Avro[], column: ColumnType, cell: How): Step | undefined {
  const nulls = branches.indexOf('null')
  const other = branches[1 - nulls]
  const type = column.kind === 'nullable' ? column.of : column
  const write = branches.length === 2 && nulls >= 0 && other !== undefined && writeStep(other, type, cell)
  if (!write) return undefined
  // The branch is a long: 0 and 1 are the bytes 0 and 2.
  const [nullByte, otherByte] = [2 * nulls, 2 - 2 * nulls]
  const isNullable = column.kind === 'nullable'
  return (from, to) => {
    const branch = from.byte()
    if (branch === otherByte) {
      to.room(1)
      if (isNullable) to.byte(0)
      return write(from, to)
    }
    if (branch !== nullByte || !isNullable) return false
    to.room(1)
    to.byte(1)
    return true
  }
}

const afterByte =
  (value: number, step: Step): Step =>
  (from, to) => {
    to.room(1)
    to.byte(value)
    return step(from, to)
  }

// Up to this length it takes less to copy a text byte by byte.
const shortText = 64

/** Copies a text. Returns its length in bytes, or -1 if it is unusual. */
function copiedText(from: AvroBytes, to: RowBuffer): number {
  const count = from.count()
  if (!(count >= 0)) return -1
  to.room(count + 5)
  to.length(count)
  const { bytes, at } = from
  const text = to.bytes
  let all = 0x80
  if (count <= shortText) {
    all = 0
    for (let index = 0; index < count; index++) {
      const byte = bytes[at + index] as number
      text[to.at + index] = byte
      all |= byte
    }
  } else text.set(bytes.subarray(at, at + count), to.at)
  // The Avro library puts U+FFFD where bytes are no UTF-8.
  if (all >= 0x80 && !isUtf8(bytes.subarray(at, at + count))) return -1
  from.at = at + count
  to.at += count
  return count
}

const copyText: Step = (from, to) => copiedText(from, to) >= 0

const copyBoolean: Step = (from, to) => {
  const byte = from.byte()
  to.room(1)
  to.byte(byte)
  return byte === 0 || byte === 1
}

const copyDouble: Step = (from, to) => {
  const value = from.double()
  // Rows have no NaN and no infinity, because JSON has none.
  if (!Number.isFinite(value)) return false
  to.room(8)
  to.float64(value)
  return true
}

/** The step of a list that is one block of items, as every producer writes it. */
function fromArray({ items }: AvroArray, of: ColumnType, maxItems = Number.POSITIVE_INFINITY): Step | undefined {
  const write = writeStep(items, of)
  if (write === undefined) return undefined
  return (from, to) => {
    const count = from.count()
    if (!(count <= maxItems)) return false
    to.room(5)
    to.length(count)
    for (let index = 0; index < count; index++) if (!write(from, to)) return false
    return isEndOfBlocks(count, from)
  }
}

/** A block with items is followed by one without, which is the end. */
const isEndOfBlocks = (count: number, from: AvroBytes): boolean => count === 0 || from.byte() === 0

function fromMap({ values }: AvroMap, of: ColumnType): Step | undefined {
  const write = writeStep(values, of)
  if (write === undefined) return undefined
  const names = new Set<string>()
  return (from, to) => {
    const count = from.count()
    if (!(count >= 0)) return false
    names.clear()
    to.room(5)
    to.length(count)
    for (let index = 0; index < count; index++) {
      const length = copiedText(from, to)
      if (length < 0) return false
      names.add(to.bytes.toString('latin1', to.at - length, to.at))
      if (!write(from, to)) return false
    }
    return names.size === count && !names.values().some(isMovedInObjects) && isEndOfBlocks(count, from)
  }
}

/** Whether an object of the language has an entry of this name at another place than where it was put, or not at all. */
const isMovedInObjects = (name: string): boolean => /^\d/.test(name) || name === '__proto__'

/** Returns the step past a field that no column has. Undefined if its type is not known. */
export function skipStep(avro: Avro): Step | undefined {
  if (Array.isArray(avro)) {
    const branches = avro.map(skipStep)
    return isEveryStep(branches) ? (from, to) => branches[from.byte() / 2]?.(from, to) ?? false : undefined
  }
  switch (typeof avro === 'string' ? avro : avro.type) {
    case 'null':
      return () => true
    case 'boolean':
      return (from) => from.byte() <= 1
    case 'int':
    case 'long':
      return (from) => !Number.isNaN(from.long())
    case 'double':
      return (from) => from.skip(8)
    case 'string':
      return (from) => from.skip(from.count())
    case 'array':
      return skipItems(skipStep((avro as AvroArray).items))
    case 'map':
      return skipItems(inTurn([skipStep('string'), skipStep((avro as AvroMap).values)]))
    case 'record':
      return inTurn((avro as AvroRecord).fields.map(({ type }) => skipStep(type)))
    default:
      return undefined
  }
}

const isEveryStep = (steps: readonly (Step | undefined)[]): steps is Step[] => steps.every((step) => step !== undefined)

const inTurn = (steps: readonly (Step | undefined)[]): Step | undefined =>
  isEveryStep(steps) ? (from, to) => steps.every((step) => step(from, to)) : undefined

const skipItems = (item: Step | undefined): Step | undefined =>
  item &&
  ((from, to) => {
    const count = from.count()
    for (let index = 0; index < count; index++) if (!item(from, to)) return false
    return count >= 0 && isEndOfBlocks(count, from)
  })
