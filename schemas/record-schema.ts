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
  /**
   * Returns the row of a record, with values in the order of `columns`. `offset` is the record's place in its partition.
   * @throws if a value does not fit the table
   */
  row(record: T, offset?: number): unknown[]
}
