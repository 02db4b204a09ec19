import { expect, test } from 'vitest'
import { z } from 'zod'
import { readConfig } from './config.ts'

const shape = {
  DAYS: z.coerce.number().int().min(0).max(366).default(30).describe('days to look back'),
  KEPT: z.coerce.number().positive().max(36_500).optional(),
  COPIES: z.coerce.number().int().min(1).default(1),
  LEVEL: z.enum(['info', 'warn']).default('info'),
  TLS: z.stringbool().default(false),
  URL: z.url(),
  SYMBOLS: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.string().regex(/^[A-Z]+$/, 'symbols, comma separated, like A,B')))
    .optional(),
  API_KEY: z.string().regex(/^\S+$/, 'printable ASCII without spaces').optional(),
}
const problems = (environment: Record<string, string>): string => {
  try {
    readConfig(shape, environment)
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

test('all invalid settings are reported at once: name, purpose, value, and what it must be; no value of a secret', () => {
  const bad = { DAYS: 'abc', KEPT: '0', COPIES: '0', LEVEL: 'loud', TLS: 'maybe', URL: 'foo' }
  expect(problems({ ...bad, SYMBOLS: 'A,b-,c', API_KEY: 'my key' })).toBe(`Settings do not fit (environment variables):
  DAYS (days to look back) is "abc"; it must be a whole number from 0 to 366
  KEPT is "0"; it must be a number above 0, 36500 at the most
  COPIES is "0"; it must be a whole number, 1 at the least
  LEVEL is "loud"; it must be one of info, warn
  TLS is "maybe"; it must be true or false
  URL is "foo"; it must be an address such as http://host:1234
  SYMBOLS names "b-"; it must be symbols, comma separated, like A,B
  API_KEY does not fit; it must be printable ASCII without spaces`)
})

test('a setting that is missing, or holds a login, is reported without its value', () => {
  expect(problems({})).toContain('\n  URL is not set; it must be an address such as http://host:1234')
  expect(problems({ URL: 'u:pass@host' })).not.toContain('pass')
})
