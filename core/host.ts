import { createHash } from 'node:crypto'

/** The host of a base URL: name, and port where it is not the scheme's own. It owns one request budget. */
export function hostOf(baseUrl: string): string {
  return new URL(baseUrl).host
}

/** The partition of polls, poller-memory and poll-requests that a host's records go to; these topics have as many. */
export function partitionOfHost(host: string, partitions: number): number {
  return createHash('sha256').update(host).digest().readUInt32BE(0) % partitions
}
