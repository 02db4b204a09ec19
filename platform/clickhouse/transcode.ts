// From the bytes of an Avro record straight to the bytes of a row. It takes 0.02 CPU seconds a million points. To decode
// records into objects, and to write these as JSON, took 0.11. The steps are made once, from a record's schema and the types
// of a table's columns. The slow and plain way, by which tests measure this one, is the Avro library and encodeRow().
import { type Cell, type FieldCell, recordOffset } from '#schemas/record-schema.ts'
import { AvroBytes } from './avro-bytes.ts'
import type { ColumnType } from './column-type.ts'
import type { BinaryRow, RowBuffer } from './row-buffer.ts'
import { type Avro, type AvroRecord, type Step, skipStep, toInteger, writeStep } from './transcode-steps.ts'

/**
 * Returns the row of a record. Returns undefined if the bytes are unusual in any way: then the Avro library, and
 * encodeRow() or the store, must say what becomes of the record. `start` is where the Avro bytes of `value` begin, and
 * `offset` the record's place in its partition.
 */
export type Transcode = (value: Buffer, start: number, offset: number, to: RowBuffer) => BinaryRow | undefined

export interface Column {
  cell: Cell
  type: ColumnType
}

/**
 * Makes the function for records of an Avro schema. `order` are the indexes of the columns in the order of a row's values:
 * that of the fields in the schema. Returns undefined if a field or a column is of a kind that no step is known for.
 */
export function compileTranscode(
  schema: string,
  columns: readonly Column[],
): { order: number[]; transcode: Transcode } | undefined {
  const order: number[] = []
  const steps = fieldSteps(JSON.parse(schema) as AvroRecord, '', columns, order)
  columns.forEach(({ cell, type }, index) => {
    if (cell !== recordOffset) return
    order.push(index)
    steps.push(type.kind === 'integer' ? (from, to) => toInteger(type, from.offset, to) : undefined)
  })
  if (order.length < columns.length || !steps.every((step) => step !== undefined)) return undefined
  return { order, transcode: runner(steps) }
}

/** Returns the steps of a record's fields, in order, and adds the columns that they fill to `order`. */
function fieldSteps(
  { fields }: AvroRecord,
  prefix: string,
  columns: readonly Column[],
  order: number[],
): (Step | undefined)[] {
  return fields.flatMap(({ name, type }) => {
    const path = `${prefix}${name}`
    const index = columns.findIndex(({ cell }) => cell !== recordOffset && cell.path === path)
    const column = columns[index]
    if (column !== undefined) {
      order.push(index)
      return [writeStep(type, column.type, column.cell as FieldCell)]
    }
    return isRecord(type) ? fieldSteps(type, `${path}.`, columns, order) : [skipStep(type)]
  })
}

const isRecord = (type: Avro): type is AvroRecord =>
  typeof type === 'object' && !Array.isArray(type) && type.type === 'record'

// One for all, so that the memory of one batch is held at most.
const from = new AvroBytes()

function runner(steps: readonly Step[]): Transcode {
  return (value, start, offset, to) => {
    from.open(value, start, offset)
    to.startRow()
    for (const step of steps) {
      if (!step(from, to)) return to.dropRow()
    }
    return from.isAtEnd ? to.endRow() : to.dropRow()
  }
}
