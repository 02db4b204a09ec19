import type { BatchRows, TableRow, TableRows } from '#platform/clickhouse/table-rows.ts'
import type { ConsumedRecord, EncodedRecord } from '#platform/kafka/process-batch.ts'
import { DecodeFailure } from '#platform/kafka/registry.ts'
import { dead, type Verdict } from '#platform/kafka/verdict.ts'
import type { TableTarget } from '#schemas/record-schema.ts'

/**
 * Stores records in a table. Returns one verdict per record: what the Avro library cannot read, makes no row or is refused
 * by the store is a dead letter.
 */
export function storeRecords(
  rows: TableRows,
  target: TableTarget,
  batch: readonly ConsumedRecord<EncodedRecord>[],
): Promise<Verdict[]> {
  return rows.inBatch(async (writer) => {
    const verdicts: Verdict[] = new Array(batch.length)
    const made: TableRow[] = []
    const places: number[] = []
    for (const place of target.isGrouped ? inGroups(batch) : batch.keys()) {
      const row = rowOf(target, writer, batch[place] as ConsumedRecord<EncodedRecord>)
      if ('kind' in row) {
        verdicts[place] = row
        continue
      }
      made.push(row)
      places.push(place)
    }
    const stored = await writer.store(made)
    for (const [index, place] of places.entries()) verdicts[place] = stored[index] as Verdict
    return verdicts
  })
}

/**
 * Returns the places of records by their keys; records of a key keep their order. The store then sorts in less time: a
 * twentieth of what all processes take for a point.
 */
function inGroups(batch: readonly ConsumedRecord<EncodedRecord>[]): number[] {
  const groups = new Map<string, number[]>()
  for (const [place, { record }] of batch.entries()) {
    const key = record.key?.toString('latin1') ?? ''
    const group = groups.get(key)
    if (group) group.push(place)
    else groups.set(key, [place])
  }
  return [...groups.keys()].toSorted().flatMap((key) => groups.get(key) ?? [])
}

function rowOf(
  target: TableTarget,
  writer: BatchRows,
  { record, offset }: ConsumedRecord<EncodedRecord>,
): TableRow | Verdict {
  const { value, newestAt } = record
  if (value !== null && newestAt !== undefined) {
    const row = writer.transcode(value, newestAt, Number(offset))
    if (row !== undefined) return row
  }
  const decoded = record.decode()
  if (decoded instanceof DecodeFailure) return dead(decoded.reason, decoded.message)
  try {
    return writer.encode(target.row(decoded, Number(offset)))
  } catch (error) {
    return dead('no-row', `the record makes no row of ${target.table}: ${(error as Error).message}`)
  }
}
