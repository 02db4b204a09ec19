import type { Cell, TableTarget } from '#schemas/record-schema.ts'
import { type ColumnType, columnType } from './column-type.ts'
import { encodeRow } from './encode-row.ts'
import type { BinaryLayout } from './insert-binary.ts'
import { type BinaryRow, bytesOf, RowBuffer } from './row-buffer.ts'
import { type Column, compileTranscode, type Transcode } from './transcode.ts'

/** How rows of a table are written as bytes. */
export interface RowLayout extends BinaryLayout {
  /** Returns the bytes of a row as the target makes it. Undefined if a column does not hold exactly the value. */
  encode: (row: readonly unknown[], to: RowBuffer) => BinaryRow | undefined
  /** Absent if records cannot be written without decoding them. */
  transcode: Transcode | undefined
}

/**
 * Returns the layout of a target's rows. Undefined if the table lacks a column, or has one of a type that is not known here.
 * @param schema the Avro schema of the records; undefined if they are no Avro records
 * @param types the types of the table's columns by name
 */
export function rowLayout(
  { columns, cells }: TableTarget,
  schema: string | undefined,
  types: ReadonlyMap<string, string>,
): RowLayout | undefined {
  const known = columns.map((column) => columnType(types.get(column) ?? ''))
  if (!isEvery(known)) return undefined
  const compiled = schema !== undefined && cells && compileTranscode(schema, columnsOf(cells, known))
  const order = compiled ? compiled.order : columns.keys().toArray()
  const pick = <Value>(all: readonly Value[]): Value[] => order.map((index) => all[index] as Value)
  const ordered = pick(columns)
  const typesInOrder = pick(known)
  return {
    columns: ordered,
    header: headerOf([...ordered, ...ordered.map((column) => types.get(column) ?? '')], ordered.length),
    encode: (row, to) => encodeRow(typesInOrder, pick(row), to),
    transcode: compiled ? compiled.transcode : undefined,
  }
}

const isEvery = (types: readonly (ColumnType | undefined)[]): types is ColumnType[] =>
  types.every((type) => type !== undefined)

const columnsOf = (cells: readonly Cell[], types: readonly ColumnType[]): Column[] =>
  cells.map((cell, index) => ({ cell, type: types[index] as ColumnType }))

function headerOf(texts: readonly string[], columns: number): Buffer {
  const header = new RowBuffer()
  header.startRow()
  header.room(5)
  header.length(columns)
  for (const text of texts) header.text(text)
  return bytesOf(header.endRow())
}
