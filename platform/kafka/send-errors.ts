import { TransientError } from '../process/transient-error.ts'

/** Kafka refuses the records permanently. The process must end. The message tells the operator what to do. */
export class RefusedSend extends Error {
  override name = 'RefusedSend'
}

export class TooLargeRecord extends RefusedSend {
  override name = 'TooLargeRecord'
  /** True if the broker refused the record although the size check had accepted it. The next size check refuses it. */
  readonly isUnexpected: boolean

  constructor(message: string, { isUnexpected, cause }: { isUnexpected: boolean; cause?: unknown }) {
    super(message, { cause })
    this.isUnexpected = isUnexpected
  }
}

interface ClientError {
  retriable?: unknown
  type?: unknown
  message: string
}

/** Types of errors that kafkajs retries for some seconds. If the error remains after that, it is permanent. */
const lastingTypes: ReadonlySet<unknown> = new Set(['UNKNOWN_TOPIC_OR_PARTITION'])
const tooLargeTypes: ReadonlySet<unknown> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])
const languageErrors = [TypeError, RangeError, SyntaxError, ReferenceError]

/** Classifies a failed request on a topic: TransientError if a retry may succeed, otherwise RefusedSend. */
export function sendError(topic: string, error: unknown): TransientError | RefusedSend {
  const root = rootOf(error)
  const { type, retriable, message } = root as ClientError
  const isOurs = languageErrors.some((languageError) => root instanceof languageError)
  // kafkajs throws this error while the process stops.
  const isStopping = message.includes('producer is disconnect')
  if (isStopping || (!lastingTypes.has(type) && retriable !== false && !isOurs)) {
    return new TransientError(`Kafka does not take records for ${topic} now: ${message}`, { cause: error })
  }
  return new RefusedSend(`Kafka will not take records for ${topic}${remedyOf(type)}: ${message}`, { cause: error })
}

export const isTooLarge = (error: unknown): boolean => tooLargeTypes.has((rootOf(error) as ClientError).type)

function remedyOf(type: unknown): string {
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return ', which is not there (run provisioning)'
  if (`${type}`.endsWith('AUTHORIZATION_FAILED')) return ', to which our user may not write (grant it)'
  return ''
}

/** Returns the innermost cause: kafkajs wraps the error of a broker or socket once or twice. */
function rootOf(error: unknown): unknown {
  let root = error
  while (root instanceof Error && root.cause instanceof Error) root = root.cause
  return root instanceof Error ? root : new Error(`${root}`)
}
