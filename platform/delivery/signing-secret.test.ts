import { expect, test } from 'vitest'
import { secretsInUse, signingSecret } from './signing-secret.ts'

const masterKey = Buffer.alloc(32, 7)
const dayMs = 86_400_000

// By hand: printf 'tidemark-webhook/desk/1' | openssl dgst -sha256 -mac hmac -macopt hexkey:0707…07 -binary | base64
const first = 'whsec_ZkDsO1sk6QAUpKcaNcu88N0IUez3d7RmOeq5yZ/zwRY='
const second = 'whsec_+WPFqZU/GNnudrrlW78by0jM+XotgPKRvsjYughqukA='

test('a secret derives from the master key, the endpoint and the generation', () => {
  expect(signingSecret(masterKey, 'desk', 1)).toBe(first)
  expect(signingSecret(masterKey, 'desk', 2)).toBe(second)
  expect(signingSecret(masterKey, 'other', 1)).not.toBe(first)
  expect(signingSecret(Buffer.alloc(32, 8), 'desk', 1)).not.toBe(first)
})

test('the secret before signs for 24 h after the rotation', () => {
  const rotatedAtMs = Date.parse('2026-04-20T08:00:00Z')
  const endpoint = { id: 'desk', generation: 2, rotatedAtMs }
  expect(secretsInUse(masterKey, endpoint, rotatedAtMs)).toEqual([second, first])
  expect(secretsInUse(masterKey, endpoint, rotatedAtMs + dayMs - 1)).toEqual([second, first])
  expect(secretsInUse(masterKey, endpoint, rotatedAtMs + dayMs)).toEqual([second])
  expect(secretsInUse(masterKey, { ...endpoint, generation: 1 }, rotatedAtMs)).toEqual([first])
})

test('a short master key and a generation that is none are refused', () => {
  expect(() => signingSecret(Buffer.alloc(31), 'desk', 1)).toThrow('the master key has 31 bytes, and needs 32')
  for (const generation of [0, -1, 1.5, Number.NaN])
    expect(() => signingSecret(masterKey, 'desk', generation)).toThrow(RangeError)
})
