import { expect, test } from 'vitest'
import { connectionProblem } from './connection-problem.ts'

const coded = (code: string, message = 'x', cause?: unknown): Error =>
  Object.assign(new Error(message, { cause }), { code })

test('a failed connection is described in plain words, wherever its code is in the error', () => {
  const unknown = 'the name is not known (ENOTFOUND); is this machine online?'
  const refused = 'the connection is refused (ECONNREFUSED); does anything listen at that port?'
  expect(connectionProblem(coded('ENOTFOUND', 'getaddrinfo ENOTFOUND api.jao.eu'))).toBe(unknown)
  // Errors of fetch, and of Node after several addresses.
  expect(connectionProblem(new TypeError('fetch failed', { cause: coded('ENOTFOUND') }))).toBe(unknown)
  expect(connectionProblem(new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')]))).toBe(refused)
  const expired = coded('CERT_HAS_EXPIRED', 'certificate has expired')
  expect(connectionProblem(expired)).toBe(
    'the connection cannot be made secure (CERT_HAS_EXPIRED): certificate has expired',
  )
  const cut = coded('ECONNRESET', 'Client network socket disconnected before secure TLS connection was established')
  expect(connectionProblem(cut)).toBe('the connection was closed before it was secure (ECONNRESET)')
})

test('an error after the connection was made is not a connection problem', () => {
  for (const other of [coded('UND_ERR_HEADERS_TIMEOUT'), coded('ECONNRESET', 'read ECONNRESET'), new Error('no'), 'no'])
    expect(connectionProblem(other)).toBe(undefined)
  // `constructor` is not an error code, but a property that every object inherits.
  expect(connectionProblem(coded('constructor'))).toBe(undefined)
})
