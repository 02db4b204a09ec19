import { expect, test } from 'vitest'
import { secretHider, withoutSecrets } from './secrets.ts'

const headers = { AUTH_API_KEY: 'SEKRET' }

test('a key that upstream repeats appears nowhere', () => {
  const failure = {
    kind: 'failure' as const,
    error: 'HTTP 302 to /x?key=SEKRET',
    status: 302,
    firstKilobyte: 'bad key SEKRET',
  }
  expect(withoutSecrets(failure, headers)).toEqual({
    ...{ kind: 'failure', status: 302 },
    ...{ error: 'HTTP 302 to /x?key=***', firstKilobyte: 'bad key ***' },
  })
  const answer = {
    kind: 'answer' as const,
    status: 200,
    headers: { etag: '"SEKRET"', server: 'x' },
    body: Buffer.from('{}'),
  }
  expect(withoutSecrets(answer, headers)).toEqual({ ...answer, headers: { server: 'x' } })
})

test('an answer that repeats it in its bytes is not kept, as raw is exact bytes or nothing', () => {
  const answer = { kind: 'answer' as const, status: 400, headers: {}, body: Buffer.from('no right for SEKRET') }
  expect(withoutSecrets(answer, headers)).toMatchObject({ kind: 'failure', status: 400, firstKilobyte: null })
  expect(JSON.stringify(withoutSecrets(answer, headers))).not.toContain('SEKRET')
  expect(withoutSecrets(answer, {})).toBe(answer)
})

test('a key is found however JSON and addresses spell it, also where the shown part of an answer is cut', () => {
  const odd = { AUTH_API_KEY: 'ab/c"d==' }
  const hide = secretHider(odd)
  expect(hide('ab/c"d== ab\\/c\\"d== ab%2Fc%22d%3D%3D ab/c\\"d==')).toBe('*** *** *** ***')
  expect(secretHider({})('ab')).toBe('ab')
  const body = Buffer.from(`${'x'.repeat(1_020)}ab/c"d==`)
  const failure = {
    kind: 'failure' as const,
    error: 'HTTP 401',
    status: 401,
    firstKilobyte: `${body}`.slice(0, 1_024),
    body,
  }
  expect(withoutSecrets(failure, odd)).toEqual({
    ...failure,
    firstKilobyte: `${'x'.repeat(1_020)}***`,
    body: Buffer.from(`${'x'.repeat(1_020)}***`),
  })
  const answer = {
    kind: 'answer' as const,
    status: 200,
    headers: {},
    body: Buffer.from('{"next":"/?key=ab%2Fc%22d%3D%3D"}'),
  }
  expect(withoutSecrets(answer, odd)).toMatchObject({ kind: 'failure', status: 200 })
})
