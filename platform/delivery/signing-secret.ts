// Secrets of webhooks are derived, so that none is stored: who reads the topics cannot sign.
import { createHmac } from 'node:crypto'

const minMasterKeyBytes = 32

/**
 * Returns the secret of an endpoint: `whsec_` and 32 bytes in base64, as Standard Webhooks wants it. Each generation has its
 * own; the first is 1. Pure. @throws RangeError if the master key has less than 32 bytes or the generation is not one
 */
export function signingSecret(masterKey: Buffer, endpointId: string, generation: number): string {
  if (masterKey.length < minMasterKeyBytes)
    throw new RangeError(`the master key has ${masterKey.length} bytes, and needs ${minMasterKeyBytes}`)
  if (!Number.isSafeInteger(generation) || generation < 1)
    throw new RangeError(`${generation} is not a generation of a secret: 1, 2, 3, …`)
  const derived = createHmac('sha256', masterKey).update(`tidemark-webhook/${endpointId}/${generation}`)
  return `whsec_${derived.digest('base64')}`
}

export interface SecretGeneration {
  /** The endpoint's. */
  id: string
  generation: number
  /** When this generation replaced the one before, ms UTC. */
  rotatedAtMs: number
}

/** How long the secret before is in use beside its successor. */
const overlapMs = 24 * 3_600_000

/** Returns the secrets that sign at an instant, newest first: one, or two in the 24 h after a rotation. Pure. */
export function secretsInUse(
  masterKey: Buffer,
  { id, generation, rotatedAtMs }: SecretGeneration,
  atMs: number,
): string[] {
  const overlaps = generation > 1 && atMs - rotatedAtMs < overlapMs
  const generations = overlaps ? [generation, generation - 1] : [generation]
  return generations.map((one) => signingSecret(masterKey, id, one))
}
