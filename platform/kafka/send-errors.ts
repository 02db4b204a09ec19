// What it means that Kafka did not take records.
import { TransientError } from '../process/transient-error.ts'

/**
 * Kafka will never take these records: trying again does not help. The message is one sentence for whoever runs the
 * process, which is to end.
 */
export class RefusedSend extends Error {
  override name = 'RefusedSend'
}

/** One record is larger than its topic takes. */
export class TooLargeRecord extends RefusedSend {
  override name = 'TooLargeRecord'
  /** Only the broker's answer told so: a check of the record's size knows it from now on. */
  readonly isNews: boolean

  constructor(message: string, { isNews, cause }: { isNews: boolean; cause?: unknown }) {
    super(message, { cause })
    this.isNews = isNews
  }
}

interface ClientError {
  retriable?: unknown
  /** Kafka's name of the error, where a broker told it. */
  type?: unknown
  message: string
}

/** kafkajs tries these again for some seconds; then they are there to stay. */
const lastingTypes: ReadonlySet<unknown> = new Set(['UNKNOWN_TOPIC_OR_PARTITION'])
const tooLargeTypes: ReadonlySet<unknown> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])
const languageErrors = [TypeError, RangeError, SyntaxError, ReferenceError]

/** What a failed request about a topic comes to: TransientError where the same may succeed later, else a RefusedSend. */
export function sendError(topic: string, error: unknown): TransientError | RefusedSend {
  const root = rootOf(error)
  const { type, retriable, message } = root as ClientError
  const isOurs = languageErrors.some((languageError) => root instanceof languageError)
  // Said by kafkajs while we stop.
  const isStopping = message.includes('producer is disconnect')
  if (isStopping || (!lastingTypes.has(type) && retriable !== false && !isOurs)) {
    return new TransientError(`Kafka does not take records for ${topic} now: ${message}`, { cause: error })
  }
  return new RefusedSend(`Kafka will not take records for ${topic}${remedyOf(type)}: ${message}`, { cause: error })
}

/** Whether the broker found records too large. */
export const isTooLarge = (error: unknown): boolean => tooLargeTypes.has((rootOf(error) as ClientError).type)

function remedyOf(type: unknown): string {
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return ', which is not there (run provisioning)'
  if (`${type}`.endsWith('AUTHORIZATION_FAILED')) return ', to which our user may not write (grant it)'
  return ''
}

/** kafkajs wraps what a broker or a socket said, once or twice. */
function rootOf(error: unknown): unknown {
  let root = error
  while (root instanceof Error && root.cause instanceof Error) root = root.cause
  return root instanceof Error ? root : new Error(`${root}`)
}
