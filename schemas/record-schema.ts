/** A record type that travels, as a value: the newest version of its Avro schema. `T` is the TypeScript type of its records. */
export interface RecordSchema<T = unknown> {
  /** As the schema calls it: RawResponse. */
  readonly name: string
  /** Below the project: schemas/raw-response/v2.avsc. */
  readonly file: string
  /**
   * As it is registered, without white space. Everybody sends this one: the registry gives a new id to the same schema
   * with other white space.
   */
  readonly text: string
  /** Never there: it carries the type. */
  readonly record?: T
}

/** Which table takes a topic's records, and how a record becomes one row of it. */
export interface TableTarget<T = unknown> {
  /** A table of the database tidemark. */
  table: string
  /** In the order of the row. */
  columns: string[]
  /** @throws for a record that no row can hold */
  row(record: T): unknown[]
}
