/** A dependency (broker, registry or store) is unavailable: wait and retry. Never the fault of a record. */
export class TransientError extends Error {
  override name = 'TransientError'
}
