// Made by `npm run generate` from cli/new-source/template/*/v*.avsc. Do not edit.
import type { RecordSchema } from '#schemas/record-schema.ts'

/** TODO: what one record is. Topic new-source.new-record, keyed by window and id. */
export interface NewRecord {
  dataset: string
  /** Start of the window that was asked for, included, UTC */
  windowStart: number
  /** End of the window, excluded, UTC */
  windowEnd: number
  /** As upstream says it; once in a window */
  id: string
  /** What the record speaks of, UTC */
  time: number
  text: string
  /** When the answer's last byte arrived */
  knownAt: number
  /** Number of the dataset's explode, 0 to 4095 */
  transformVersion: number
  /** live, simulated or file */
  origin: string
  /** Where the answer lies in new-source.raw */
  raw: NewRecordPosition
}

export interface NewRecordPosition {
  partition: number
  offset: number
}

export const newRecordSchema: RecordSchema<NewRecord> = {
  name: 'NewRecord',
  file: 'cli/new-source/template/new-record/v1.avsc',
  text: "{\"type\":\"record\",\"name\":\"NewRecord\",\"namespace\":\"tidemark\",\"doc\":\"TODO: what one record is. Topic new-source.new-record, keyed by window and id.\",\"fields\":[{\"name\":\"dataset\",\"type\":\"string\"},{\"name\":\"windowStart\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Start of the window that was asked for, included, UTC\"},{\"name\":\"windowEnd\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"End of the window, excluded, UTC\"},{\"name\":\"id\",\"type\":\"string\",\"doc\":\"As upstream says it; once in a window\"},{\"name\":\"time\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"What the record speaks of, UTC\"},{\"name\":\"text\",\"type\":\"string\"},{\"name\":\"knownAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When the answer's last byte arrived\"},{\"name\":\"transformVersion\",\"type\":\"int\",\"doc\":\"Number of the dataset's explode, 0 to 4095\"},{\"name\":\"origin\",\"type\":\"string\",\"doc\":\"live, simulated or file\"},{\"name\":\"raw\",\"doc\":\"Where the answer lies in new-source.raw\",\"type\":{\"type\":\"record\",\"name\":\"NewRecordPosition\",\"fields\":[{\"name\":\"partition\",\"type\":\"int\"},{\"name\":\"offset\",\"type\":\"long\"}]}}]}",
}
