export interface RecordSchema<T = unknown> {
  readonly name: string
  /** Path below the project: schemas/raw-response/v2.avsc. */
  readonly file: string
  /**
   * Without white space: the registry gives schemas that differ in white space different ids, so all producers send
   * this.
   */
  readonly text: string
  /** Never set: it only carries the type. */
  readonly record?: T
}

export interface TableTarget<T = unknown> {
  table: string
  columns: string[]
  /** @throws if a value does not fit the table */
  row(record: T): unknown[]
}
