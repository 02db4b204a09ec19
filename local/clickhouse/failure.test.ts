import { expect, test } from 'vitest'
import { fromEngine } from './failure.ts'

test('nested prefixes, names and versions in an engine message appear once', () => {
  const name = '(UNKNOWN_FORMAT)'
  const once = `Code: 73. DB::Exception: Unknown format foo. ${name} (version 26.7.2.1)`
  const nested = `Code: 73. DB::Exception: ${once}. ${name} (version 26.7.2.1). ${name}`
  expect(fromEngine(new Error(nested))).toEqual({ code: 73, message: once })
  expect(fromEngine(new Error(once))).toEqual({ code: 73, message: once })
  // Brackets in the message itself stay.
  const other = 'Code: 62. DB::Exception: Syntax error (A) (B). (SYNTAX_ERROR)'
  expect(fromEngine(new Error(other))).toEqual({ code: 62, message: other })
})

test('a message that repeats a long statement keeps its beginning, its end and the name of the error', () => {
  const text = `Code: 62. DB::Exception: Syntax error: ${'['.repeat(100_000)}: too deep. (SYNTAX_ERROR)`
  const { code, message } = fromEngine(new Error(text))
  expect([code, message.length < 8_300]).toEqual([62, true])
  expect(message).toMatch(
    /^Code: 62\. DB::Exception: Syntax error: \[+ … \(\d+ characters left out\) … \[+: too deep\. \(SYNTAX_ERROR\)$/,
  )
})
