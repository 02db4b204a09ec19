import kafkajs from 'kafkajs'
import { expect, test } from 'vitest'
import { TransientError } from '../process/transient-error.ts'
import { isTooLarge, RefusedSend, sendError } from './send-errors.ts'

const { KafkaJSNonRetriableError, KafkaJSNumberOfRetriesExceeded, KafkaJSProtocolError, KafkaJSConnectionError } =
  kafkajs

/** A broker's error as kafkajs passes it on: unchanged, or wrapped after its last retry. */
function told(type: string, retriable: boolean): Error[] {
  const error = new KafkaJSProtocolError(Object.assign(new Error(`told ${type}`), { type, code: 1, retriable }))
  const wrapped = retriable
    ? new KafkaJSNumberOfRetriesExceeded(error, { retryCount: 8, retryTime: 1 })
    : Object.assign(new KafkaJSNonRetriableError(error), { cause: error })
  return [error, wrapped]
}

test.each([
  ['a broker that cannot be reached', [new KafkaJSConnectionError('connect ECONNREFUSED', { broker: 'b:1' })]],
  [
    'a broker that took too long',
    [new KafkaJSNumberOfRetriesExceeded(new Error('timed out'), { retryCount: 8, retryTime: 1 })],
  ],
  ['too few replicas', told('NOT_ENOUGH_REPLICAS', true)],
  ['a leader that moved', told('NOT_LEADER_FOR_PARTITION', true)],
  ['a producer that is being stopped', [new KafkaJSNonRetriableError('The producer is disconnecting; …')]],
])('%s is waited for', (_name, errors) => {
  for (const error of errors) expect(sendError('t', error)).toBeInstanceOf(TransientError)
})

test.each([
  [
    'a topic that is not there',
    told('UNKNOWN_TOPIC_OR_PARTITION', true),
    't, which is not there (run provisioning): told',
  ],
  [
    'a right that is missing',
    told('TOPIC_AUTHORIZATION_FAILED', false),
    't, to which our user may not write (grant it): told',
  ],
  ['a record that is no good', told('INVALID_RECORD', false), 'records for t: told INVALID_RECORD'],
  [
    'a bug',
    [Object.assign(new KafkaJSNonRetriableError('x'), { cause: new TypeError('no string') })],
    'records for t: no string',
  ],
])('%s is there to stay', (_name, errors, words) => {
  for (const error of errors) {
    const sent = sendError('t', error)
    expect(sent).toBeInstanceOf(RefusedSend)
    expect(sent.message).toContain(words)
  }
})

test('records that are too large are known however the client says it', () => {
  for (const error of [...told('MESSAGE_TOO_LARGE', false), ...told('RECORD_LIST_TOO_LARGE', false)])
    expect(isTooLarge(error)).toBe(true)
  for (const error of told('INVALID_RECORD', false)) expect(isTooLarge(error)).toBe(false)
})
