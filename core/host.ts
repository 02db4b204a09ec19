import { createHash } from 'node:crypto'

/** Returns the host of a base URL, with a port that is not the scheme's default. A host has one request budget. */
export function hostOf(baseUrl: string): string {
  return new URL(baseUrl).host
}

/** Returns the partition of a host's records on polls, poller-memory and poll-requests. */
export function partitionOfHost(host: string, partitions: number): number {
  return createHash('sha256').update(host).digest().readUInt32BE(0) % partitions
}
