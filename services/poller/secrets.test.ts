import { expect, test } from 'vitest'
import { withoutSecrets } from './secrets.ts'

const headers = { AUTH_API_KEY: 'SEKRET' }

test('what upstream repeats of a key is told nowhere', () => {
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
