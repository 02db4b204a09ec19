import { expect, test } from 'vitest'
import { cookieFlags, cookieName, isOwnHost, isOwnOrigin, maxAgeOf, originOf } from './cookie.ts'

const publicUrl = 'https://tidemark.example/data'

test('the API is reached on any port of loopback and under its public name, and nowhere else', () => {
  for (const host of ['localhost', '127.0.0.1:17309', '[::1]:80'])
    expect([host, isOwnHost(host, undefined)]).toEqual([host, true])
  expect(isOwnHost('tidemark.example', publicUrl)).toBe(true)
  for (const host of ['', 'tidemark.example', 'localhost.evil.example', '127.0.0.1:1@evil.example'])
    expect([host, isOwnHost(host, undefined)]).toEqual([host, false])
  expect(isOwnHost('tidemark.example:8443', publicUrl)).toBe(false)
})

test('instances on ports of one host, and under paths of one public host, have cookies of their own', () => {
  expect(cookieName('127.0.0.1:17309', undefined)).toBe('tidemark_17309')
  expect(cookieName('[::1]:18009', undefined)).toBe('tidemark_18009')
  expect(cookieName('localhost', undefined)).toBe('tidemark_80')
  const names = [publicUrl, 'https://tidemark.example/other'].map((url) => cookieName('tidemark.example', url))
  expect(new Set(names).size).toBe(2)
  expect(names[0]).toMatch(/^tidemark_[0-9a-f]{8}$/)
})

test('a page is of the API if its scheme, host and port are those of the API', () => {
  const own = (origin: string | undefined, host = 'tidemark.example') => isOwnOrigin(origin, host, publicUrl)
  expect(originOf('tidemark.example', publicUrl)).toBe('https://tidemark.example')
  expect(originOf('127.0.0.1:17309', publicUrl)).toBe('http://127.0.0.1:17309')
  expect(own('https://tidemark.example')).toBe(true)
  // A proxy with TLS may send its own address as the Host.
  expect(own('https://tidemark.example', '127.0.0.1:17309')).toBe(true)
  expect(own('http://127.0.0.1:17309', '127.0.0.1:17309')).toBe(true)
  for (const origin of [
    undefined,
    'null',
    'http://tidemark.example',
    'https://tidemark.example:8443',
    'http://127.0.0.1:17309',
  ])
    expect([origin, own(origin)]).toEqual([origin, false])
})

test('a cookie ends no later than its token, nor after 30 days, and travels with TLS where the public URL has it', () => {
  expect(maxAgeOf(61_999, 0)).toBe(61)
  expect(maxAgeOf(null, 0)).toBe(2_592_000)
  expect(maxAgeOf(10 * 365 * 86_400_000, 0)).toBe(2_592_000)
  expect(maxAgeOf(0, 1)).toBe(0)
  expect(cookieFlags(publicUrl, 'strict')).toEqual({ httpOnly: true, sameSite: 'strict', secure: true })
  for (const url of [undefined, 'http://tidemark.example']) expect(cookieFlags(url, 'lax').secure).toBe(false)
})
