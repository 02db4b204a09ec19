export interface RecordSchema<T = unknown> {
  readonly name: string
  /** Path of the .avsc file below the project folder: schemas/raw-response/v2.avsc. */
  readonly file: string
  /**
   * The schema as JSON without white space. The registry gives texts that differ only in white space different ids, so
   * all producers send this text.
   */
  readonly text: string
  /** Never set at run time. The field exists so that TypeScript can infer `T`. */
  readonly record?: T
}

export interface TableTarget<T = unknown> {
  table: string
  columns: string[]
  /** Where each column has its value from. Absent if row() does more than to take fields as they are. */
  cells?: Cell[]
  /** True: the rows of a record key are inserted next to each other. Rows of different keys then change their order. */
  isGrouped?: boolean
  /**
   * Returns the row of a record, with values in the order of `columns`. `offset` is the record's place in its partition.
   * @throws if a value does not fit the table
   */
  row(record: T, offset?: number): unknown[]
}

/** What a column has its value from: a field of the record, or the record's place in its partition. */
export type Cell = FieldCell | typeof recordOffset

export interface FieldCell<Path extends string = string> {
  /** The name of the field, or `record.field`. */
  path: Path
  /** True: the field is an instant, ms UTC, or null. The row has it as ISO 8601 text. */
  isInstant?: true
  /** Limits a list of numbers. `check` throws if a list is longer than `maxItems` or has a number that is not finite. */
  limit?: { maxItems: number; check: (numbers: (number | null)[]) => void }
}

/** The fields of a record, and of the records in it. */
type FieldPath<T> = {
  [Name in keyof T & string]: T[Name] extends readonly unknown[]
    ? Name
    : T[Name] extends object
      ? string extends keyof T[Name]
        ? Name
        : `${Name}.${keyof T[Name] & string}`
      : Name
}[keyof T & string]

/** As the cell of a column: the record's place in its partition. */
export const recordOffset: unique symbol = Symbol('offset')

/** As the cell of a column: a field that is an instant. */
export const instant = <Path extends string>(path: Path): FieldCell<Path> => ({ path, isInstant: true })

/** Declares a table whose columns are fields of a record: the cells by column, where a text is the path of a field. */
export function tableOfFields<T>(
  table: string,
  cells: Record<string, FieldPath<T> | FieldCell<FieldPath<T>> | typeof recordOffset>,
  options: Pick<TableTarget, 'isGrouped'> = {},
): TableTarget<T> {
  const all = Object.values(cells).map((cell): Cell => (typeof cell === 'string' ? { path: cell } : cell))
  const readers = all.map(readerOf)
  return {
    table,
    columns: Object.keys(cells),
    cells: all,
    ...options,
    row: (record, offset) => readers.map((read) => read(record as Fields, offset)),
  }
}

type Fields = Record<string, unknown>

function readerOf(cell: Cell): (record: Fields, offset?: number) => unknown {
  if (cell === recordOffset) return (_, offset) => offset
  const { path, isInstant, limit } = cell
  const [name = '', inner] = path.split('.')
  const field =
    inner === undefined ? (record: Fields) => record[name] : (record: Fields) => (record[name] as Fields)[inner]
  if (isInstant) return (record) => isoText(field(record) as number | null)
  if (limit === undefined) return field
  return (record) => {
    const numbers = field(record) as (number | null)[]
    limit.check(numbers)
    return numbers
  }
}

const isoText = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())
