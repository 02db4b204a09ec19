import { readFileSync } from 'node:fs'
import type { RecordName } from './generated/records.ts'

/** Every record type that travels, with its newest version. Older versions stay in their folder and are never edited. */
export const newestVersions: Readonly<Record<RecordName, string>> = {
  RawResponse: 'raw-response/v2.avsc',
  TimeseriesSlice: 'timeseries-slice/v2.avsc',
  AcceptedAnswer: 'accepted-answer/v1.avsc',
  Series: 'series/v1.avsc',
  Poll: 'poll/v4.avsc',
  PollRequest: 'poll-request/v3.avsc',
  PollerMemory: 'poller-memory/v1.avsc',
  Replay: 'replay/v1.avsc',
  Deletion: 'deletion/v1.avsc',
  Parking: 'parking/v1.avsc',
  FlowConstraint: 'flow-constraint/v1.avsc',
  VoteBatch: 'vote-batch/v1.avsc',
}

/** All record names, in the order of their declaration. */
export const recordNames = Object.keys(newestVersions) as RecordName[]

/**
 * The Avro schema text of a record's newest version. The same text at every call: the registry gives a new id to the
 * same schema with other white space, so everybody must send this one.
 */
export function schemaText(name: RecordName): string {
  return schemaTextAt(newestVersions[name])
}

/** The same of a version by its path below schemas/: timeseries-slice/v1.avsc. */
export function schemaTextAt(path: string): string {
  return JSON.stringify(JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')))
}
