/**
 * A dependency is unavailable: a broker, the registry or the store is away or overloaded. Never a record's fault: wait and try
 * the same again. Whoever throws it says what was tried where; `cause` keeps the client's error.
 */
export class TransientError extends Error {
  override name = 'TransientError'
}
