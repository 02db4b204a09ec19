import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UserError } from '../process/user-error.ts'
import { checkMailAddress } from './mail-address.ts'

test('one address without a name is taken, with its domain in ASCII', () => {
  expect(checkMailAddress('ops@example.org')).toBe('ops@example.org')
  expect(checkMailAddress("first.o'last+alerts@Desk.Example.ORG")).toBe("first.o'last+alerts@desk.example.org")
  expect(checkMailAddress('ops@bücher.example')).toBe('ops@xn--bcher-kva.example')
})

test('anything else is refused, and not repeated', () => {
  const refused = [
    ...['', 'ops', '@example.org', 'ops@', 'ops@example', 'ops@127.0.0.1', 'ops@0x7f.1', 'ops@[127.0.0.1]'],
    ...['a@example.org, b@example.org', 'a@example.org;b@example.org', 'Ops <ops@example.org>', ' ops@example.org'],
    ...['a@b@example.org', '.a@example.org', 'a..b@example.org', '"a b"@example.org', 'ä@example.org'],
    ...[
      'a@example.org\r\nBcc: b@example.org',
      'a\r\nBcc: b@example.org',
      'a@example.org\n',
      'a@exam\nple.org',
      'a@ex%61mple.org',
      'a\u0000@example.org',
    ],
    ...[`${'a'.repeat(65)}@example.org`, `a@${'a.'.repeat(130)}org`, 'a@-b.org', 'a@b-.org', 'a@b..org'],
  ]
  for (const text of refused) expect(() => checkMailAddress(text), text).toThrow(UserError)
  expect(() => checkMailAddress('personal@here')).not.toThrow(/personal/)
})

test('whatever is taken has neither spaces, nor control characters, nor a second address', () => {
  const nearAddress = fc.string({
    unit: fc.constantFrom('a', 'B', '.', '@', '-', ',', ' ', '\n', '\r', '<', '"', 'ü', '\t'),
  })
  fc.assert(
    fc.property(nearAddress, (text) => {
      try {
        return /^[^@\s,;<>"]+@[a-z0-9.-]+$/.test(checkMailAddress(`${text}@example.org`))
      } catch (error) {
        return error instanceof UserError
      }
    }),
  )
})
