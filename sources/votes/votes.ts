// Votes of a Stack Exchange site, as files with one JSON object per line (JSONL, also gzip and zstd).
// Source: the site's data dump (Votes.xml, https://archive.org/details/stackexchange), CC BY-SA 4.0.
// Quirks: all values are text, also numbers. Only favourites (type 5) and bounties (type 8) have a UserId, and only
// bounties (types 8 and 9) a BountyAmount. Dates have no time of day. A later file may correct a vote.
import type { Dataset, OwnTopic, Source } from '../source.ts'
import { voteChecks } from './checks.ts'
import { batchesTopic, explodeVotes, lastCreationMs, maxLineBytes } from './explode.ts'
import { type VoteBatch, voteBatchSchema } from './generated/records.ts'
import { statements, voteBatchesTable, voteTables } from './statements.ts'

const votesDataset: Dataset = {
  name: 'votes.votes',
  title: 'Votes of a Stack Exchange site',
  description:
    'Each vote on a post: which post, what kind of vote, on which day. The newest reading of an Id is in blog_analysis.votes, the weeks that stand out in blog_analysis.outlier_weeks, what was read in blog_analysis.vote_chunks.',
  page: 'https://archive.org/details/stackexchange',
  shape: 'recorded',
  unit: 'vote',
  steps: [],
  keys: { pattern: '<Id>', example: '1', labels: {} },
  keysVary: 'a key is a vote',
  expectations: [
    'every line is a JSON object with a whole Id and a CreationDate that exists, and without a key twice',
    'no Id is there twice; the newest reading counts, within a chunk of a file the last line',
    'a line that holds no vote is a dead letter with file and line, the others go in',
  ],
  checks: voteChecks,
  transformVersion: 3,
  schedule: 'on-demand',
  calendar: { kind: 'files', zone: 'UTC' },
  files: {
    by: 'lines',
    // With its envelope, a chunk stays below 1 MiB: the buffers of the Kafka client are powers of two.
    chunkBytes: 1_040_000,
    chunkLines: 32_768,
    maxLineBytes,
    stored: {
      noun: 'votes',
      count: (fromMs, toMs) =>
        `SELECT sum(votes) AS count FROM blog_analysis.vote_chunks FINAL
         WHERE known_at BETWEEN fromUnixTimestamp64Milli(${fromMs}) AND fromUnixTimestamp64Milli(${toMs})`,
    },
  },
  records: { topics: [batchesTopic], from: 'blog_analysis.votes', tables: voteTables },
  explode: explodeVotes,
  labels: () => ({}),
}

const batches: OwnTopic<VoteBatch> = {
  suffix: batchesTopic,
  record: voteBatchSchema,
  table: voteBatchesTable,
  key: 'URL of the file',
  retentionImpact: 'a sink that is new misses older votes until they are replayed from raw',
  lastMs: lastCreationMs,
}

export const votes: Source = {
  name: 'votes',
  title: 'Stack Exchange votes',
  owner: 'tidemark',
  licence: {
    terms: 'CC BY-SA 4.0',
    link: 'https://creativecommons.org/licenses/by-sa/4.0/',
    spdx: 'CC-BY-SA-4.0',
  },
  datasets: [votesDataset],
  topics: [batches],
  statements,
}
