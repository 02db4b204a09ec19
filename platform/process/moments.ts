// Names the moments between two writes. A process that dies there leaves behind what the list says, and the next one
// must make it good. Tests subscribe to the channel, and kill the process at each of them.
import { channel } from 'node:diagnostics_channel'

/** What is true at each moment. Each is named at one place of the code. */
export const moments = {
  'outputs-made': 'A batch is handled. Nothing that it made is on Kafka.',
  'outputs-partly-acknowledged': 'The outputs for a topic are on Kafka. Those for the topics that follow are not.',
  'outputs-acknowledged': 'All outputs of a batch are on Kafka. The offset of the batch is not committed.',
  'offset-committed': 'The offset of a batch is committed. Nobody handles it again.',
  'attempt-begins': 'A message is on Kafka and due. The receiver has not got it by this attempt.',
  'attempt-made': 'The receiver has answered, or did not. What became of the attempt is not on Kafka.',
  'endpoint-disabled': 'An endpoint is disabled on Kafka. That its message was given up is not.',
  'outcome-acknowledged': 'What became of an attempt is on Kafka.',
} as const

export type Moment = keyof typeof moments

/** What is published on the channel. */
export interface MomentMessage {
  moment: Moment
  /** The topic of the batch, or the id of the endpoint. */
  of: string
}

/** The name of the channel of `node:diagnostics_channel`. */
export const momentChannel = 'tidemark.moment'

const published = channel(momentChannel)

/** Says that a moment has come. Subscribers run before it returns. Without one it does nothing. */
export function moment(name: Moment, of: string): void {
  if (published.hasSubscribers) published.publish({ moment: name, of } satisfies MomentMessage)
}
