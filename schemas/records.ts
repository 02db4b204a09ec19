import { readFileSync } from 'node:fs'
import type { RecordName } from './generated/records.ts'

/** Every record type that travels, with its newest version. Older versions stay in their folder and are never edited. */
const newestVersions: Record<RecordName, string> = {
  RawResponse: 'raw-response/v1.avsc',
  TimeseriesSlice: 'timeseries-slice/v1.avsc',
  Series: 'series/v1.avsc',
  Poll: 'poll/v1.avsc',
  PollRequest: 'poll-request/v1.avsc',
  Parking: 'parking/v1.avsc',
}

/** All record names, in the order of their declaration. */
export const recordNames = Object.keys(newestVersions) as RecordName[]

/**
 * The Avro schema text of a record's newest version. The same text at every call: the registry gives a new id to the
 * same schema with other white space, so everybody must send this one.
 */
export function schemaText(name: RecordName): string {
  const text = readFileSync(new URL(newestVersions[name], import.meta.url), 'utf8')
  return JSON.stringify(JSON.parse(text))
}
