import type { BinaryRow } from '#platform/clickhouse/row-buffer.ts'
import { type BatchRows, placesByKey, type TableRows } from '#platform/clickhouse/table-rows.ts'
import type { ConsumedRecord, EncodedRecord } from '#platform/kafka/process-batch.ts'
import { DecodeFailure } from '#platform/kafka/registry.ts'
import { dead, type Verdict } from '#platform/kafka/verdict.ts'
import type { TableTarget } from '#schemas/record-schema.ts'

type Batch = readonly ConsumedRecord<EncodedRecord>[]

/**
 * Stores records in a table. Returns one verdict per record: a dead letter is made of what the Avro library cannot read,
 * what makes no row, and what the store refuses.
 */
export function storeRecords(rows: TableRows, target: TableTarget, batch: Batch): Promise<Verdict[]> {
  const places = target.isGrouped ? placesByKey(batch, keyOf) : [...batch.keys()]
  return rows.inBatch(async (writer) => {
    const bytes = makeRows(batch, places, (record) => bytesOf(writer, target, record))
    if (bytes !== undefined) return verdictsOf(bytes, await writer.store(bytes.rows))
    const values = makeRows(batch, places, (record) => valuesOf(target, record))
    return values === undefined ? [] : verdictsOf(values, await writer.storeValues(values.rows))
  })
}

const keyOf = ({ record }: ConsumedRecord<EncodedRecord>): string => record.key?.toString('latin1') ?? ''

interface MadeRows<Row> {
  rows: Row[]
  /** The place of each row's record in the batch. */
  places: number[]
  /** The verdicts on records that make no row, at their places. */
  verdicts: Verdict[]
}

/** Makes the rows of the records at the places, in their order. Undefined as soon as `rowOf` knows no row. */
function makeRows<Row extends BinaryRow | unknown[]>(
  batch: Batch,
  places: readonly number[],
  rowOf: (record: ConsumedRecord<EncodedRecord>) => Row | Verdict | undefined,
): MadeRows<Row> | undefined {
  const made: MadeRows<Row> = { rows: [], places: [], verdicts: new Array(batch.length) }
  for (const place of places) {
    const row = rowOf(batch[place] as ConsumedRecord<EncodedRecord>)
    if (row === undefined) return undefined
    if ('kind' in row) {
      made.verdicts[place] = row
      continue
    }
    made.rows.push(row)
    made.places.push(place)
  }
  return made
}

function verdictsOf({ places, verdicts }: MadeRows<unknown>, stored: readonly Verdict[]): Verdict[] {
  for (const [index, place] of places.entries()) verdicts[place] = stored[index] as Verdict
  return verdicts
}

/** Returns a record's row as bytes, if it can without decoding the record. Undefined if a column does not hold a value. */
function bytesOf(
  writer: BatchRows,
  target: TableTarget,
  consumed: ConsumedRecord<EncodedRecord>,
): BinaryRow | Verdict | undefined {
  const { value, newestAt } = consumed.record
  const row =
    value !== null && newestAt !== undefined ? writer.transcode(value, newestAt, Number(consumed.offset)) : undefined
  if (row !== undefined) return row
  const values = valuesOf(target, consumed)
  return 'kind' in values ? values : writer.encode(values)
}

function valuesOf(target: TableTarget, { record, offset }: ConsumedRecord<EncodedRecord>): unknown[] | Verdict {
  const decoded = record.decode()
  if (decoded instanceof DecodeFailure) return dead(decoded.reason, decoded.message)
  try {
    return target.row(decoded, Number(offset))
  } catch (error) {
    return dead('no-row', `the record makes no row of ${target.table}: ${(error as Error).message}`)
  }
}
