import { expect, test } from 'vitest'
import { readConfig } from '#platform/process/config.ts'
import { apiSettings, safeConfig } from './settings.ts'

const needed = { KAFKA_BROKERS: 'b:1', SCHEMA_REGISTRY_URL: 'http://r:1', CLICKHOUSE_URL: 'http://c:1' }
const read = (given: Record<string, string>) => safeConfig(readConfig(apiSettings, { ...needed, ...given }))
const oidc = { OIDC_ISSUER: 'https://id.example', OIDC_CLIENT_ID: 'tidemark', OIDC_ROLES: 'ops:operator' }

test('roles of a provider are value:role; a value may have colons', () => {
  const { OIDC_ROLES: roles } = read({ ...oidc, OIDC_ROLES: 'ops:operator, urn:x:desk:trader' })
  expect([...(roles ?? [])]).toEqual([
    ['ops', 'operator'],
    ['urn:x:desk', 'trader'],
  ])
  for (const text of ['ops', 'ops:king', ':reader', 'ops:operator,'])
    expect(() => read({ ...oidc, OIDC_ROLES: text })).toThrow('OIDC_ROLES')
})

test('half a provider is refused, and so is one beyond loopback without TLS', () => {
  expect(() => read({ OIDC_ISSUER: 'https://id.example' })).toThrow('OIDC_ISSUER needs OIDC_CLIENT_ID and OIDC_ROLES')
  expect(() => read({ ...oidc, OIDC_ISSUER: 'http://id.example' })).toThrow('without TLS')
  expect(read({ ...oidc, OIDC_ISSUER: 'http://127.0.0.1:9' }).OIDC_ISSUER).toBe('http://127.0.0.1:9')
  expect(read({}).OIDC_ISSUER).toBeUndefined()
})
