/** A dependency (broker, registry or store) is unavailable: wait and retry. No record is to blame. */
export class TransientError extends Error {
  override name = 'TransientError'
}
