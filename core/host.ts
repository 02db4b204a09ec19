import { createHash } from 'node:crypto'

/** Returns the host of a base URL, with the port unless it is the scheme's default. Budgets are per host. */
export function hostOf(baseUrl: string): string {
  return new URL(baseUrl).host
}

/** Returns the partition that holds a host's records on the topics polls, poller-memory and poll-requests. */
export function partitionOfHost(host: string, partitions: number): number {
  return createHash('sha256').update(host).digest().readUInt32BE(0) % partitions
}
