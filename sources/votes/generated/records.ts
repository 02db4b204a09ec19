// Made by `npm run generate` from sources/votes/*/v*.avsc. Do not edit.
import type { RecordSchema } from '#schemas/record-schema.ts'

/** The votes of one chunk of a vote file, by column: ids[i], postIds[i], ... are one vote. No id stands twice in a batch. Topic votes.batches, keyed by file. */
export interface VoteBatch {
  dataset: string
  /** The second in which the chunk was read, included, UTC */
  windowStart: number
  /** The same, excluded */
  windowEnd: number
  /** When the chunk was read; grows from chunk to chunk of a file */
  knownAt: number
  /** Number of the dataset's explode, 0 to 4095 */
  transformVersion: number
  /** live, simulated or file */
  origin: string
  /** Where the chunk lies in votes.raw */
  raw: VoteChunkPosition
  /** URL of the file that the chunk came from */
  file: string
  /** Line of the file that the chunk begins with, from 1 */
  firstLine: number
  /** Lines of the chunk, blank ones too */
  lines: number
  blankLines: number
  /** Lines that went to the dead letters */
  refusedLines: number
  /** Votes whose Id a later line of the chunk names again: they are left out */
  repeatedIds: number
  ids: (number)[]
  postIds: (null | number)[]
  voteTypeIds: (null | number)[]
  /** Milliseconds since 1970, UTC */
  creationDates: (number)[]
  userIds: (null | number)[]
  bountyAmounts: (null | number)[]
  /** flags[i]: what contradicts in vote i, e.g. unknown-vote-type. Empty if no vote of the batch has a flag */
  flags: ((string)[])[]
}

export interface VoteChunkPosition {
  partition: number
  offset: number
}

export const voteBatchSchema: RecordSchema<VoteBatch> = {
  name: 'VoteBatch',
  file: 'sources/votes/vote-batch/v2.avsc',
  text: "{\"type\":\"record\",\"name\":\"VoteBatch\",\"namespace\":\"tidemark\",\"doc\":\"The votes of one chunk of a vote file, by column: ids[i], postIds[i], ... are one vote. No id stands twice in a batch. Topic votes.batches, keyed by file.\",\"fields\":[{\"name\":\"dataset\",\"type\":\"string\"},{\"name\":\"windowStart\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"The second in which the chunk was read, included, UTC\"},{\"name\":\"windowEnd\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"The same, excluded\"},{\"name\":\"knownAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When the chunk was read; grows from chunk to chunk of a file\"},{\"name\":\"transformVersion\",\"type\":\"int\",\"doc\":\"Number of the dataset's explode, 0 to 4095\"},{\"name\":\"origin\",\"type\":\"string\",\"doc\":\"live, simulated or file\"},{\"name\":\"raw\",\"type\":{\"type\":\"record\",\"name\":\"VoteChunkPosition\",\"fields\":[{\"name\":\"partition\",\"type\":\"int\"},{\"name\":\"offset\",\"type\":\"long\"}]},\"doc\":\"Where the chunk lies in votes.raw\"},{\"name\":\"file\",\"type\":\"string\",\"doc\":\"URL of the file that the chunk came from\"},{\"name\":\"firstLine\",\"type\":\"long\",\"doc\":\"Line of the file that the chunk begins with, from 1\"},{\"name\":\"lines\",\"type\":\"int\",\"doc\":\"Lines of the chunk, blank ones too\"},{\"name\":\"blankLines\",\"type\":\"int\"},{\"name\":\"refusedLines\",\"type\":\"int\",\"doc\":\"Lines that went to the dead letters\"},{\"name\":\"repeatedIds\",\"type\":\"int\",\"doc\":\"Votes whose Id a later line of the chunk names again: they are left out\"},{\"name\":\"ids\",\"type\":{\"type\":\"array\",\"items\":\"long\"}},{\"name\":\"postIds\",\"type\":{\"type\":\"array\",\"items\":[\"null\",\"long\"]}},{\"name\":\"voteTypeIds\",\"type\":{\"type\":\"array\",\"items\":[\"null\",\"long\"]}},{\"name\":\"creationDates\",\"type\":{\"type\":\"array\",\"items\":\"long\"},\"doc\":\"Milliseconds since 1970, UTC\"},{\"name\":\"userIds\",\"type\":{\"type\":\"array\",\"items\":[\"null\",\"long\"]}},{\"name\":\"bountyAmounts\",\"type\":{\"type\":\"array\",\"items\":[\"null\",\"long\"]}},{\"name\":\"flags\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":\"string\"}},\"default\":[],\"doc\":\"flags[i]: what contradicts in vote i, e.g. unknown-vote-type. Empty if no vote of the batch has a flag\"}]}",
}
