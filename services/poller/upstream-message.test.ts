import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sources } from '#sources/index.ts'
import { maxMessageChars, upstreamMessage, withUpstreamMessage } from './upstream-message.ts'

const words = (body: string | Uint8Array) => upstreamMessage(Buffer.from(body))
const json = (value: unknown) => words(JSON.stringify(value))

test.each<[string, unknown, string]>([
  ['Binance', { code: -1121, msg: 'Invalid symbol.' }, 'Invalid symbol. (-1121)'],
  ['Coinbase', { message: 'Not allowed for delisted products' }, 'Not allowed for delisted products'],
  [
    'Kraken',
    { error: ['EQuery:Unknown asset pair', 'EGeneral:Invalid'] },
    'EQuery:Unknown asset pair; EGeneral:Invalid',
  ],
  ['an object within', { error: { code: 401, message: 'no key', status: 'X' } }, 'no key (401)'],
  ['JAO, rejected', { data: [], rejected: true, messages: ['one day at a time'] }, 'one day at a time'],
  ['JAO, auctions', { status: 400, message: 'No Data found' }, 'No Data found'],
  ['OAuth', { error: 'invalid_request', error_description: 'no scope' }, 'invalid_request: no scope'],
  [
    'Spring',
    { status: 500, error: 'Internal Server Error', message: 'out of rows' },
    'Internal Server Error: out of rows',
  ],
  [
    'problem+json',
    { type: 'about:blank', title: 'Bad Request', status: 400, detail: 'ToUtc is missing' },
    'Bad Request: ToUtc is missing',
  ],
  [
    'ASP.NET',
    { title: 'Not valid.', errors: { FromUtc: ['no date', 'no zone'] } },
    'Not valid.: FromUtc: no date; no zone',
  ],
  ['other capitals', { Message: 'Not found' }, 'Not found'],
  ['the same twice', { title: 'Too many', detail: 'Too many requests' }, 'Too many requests'],
  ['a list of objects', [{ message: 'one' }, { message: 'two' }], 'one; two'],
  ['a text', 'just a text', 'just a text'],
  ['nothing that is known', { what: 'ever' }, '{"what":"ever"}'],
  ['an empty message', { message: '', error: 'gone' }, 'gone'],
])('JSON of %s', (_of, value, expected) => {
  expect(json(value)).toBe(expected)
  // The same text on several lines.
  if (!expected.startsWith('{')) expect(words(`\ufeff${JSON.stringify(value, null, 2)}\n`)).toBe(expected)
})

test.each([
  ['its first line', '\r\n  upstream request timeout \r\nsecond line', 'upstream request timeout'],
  [
    'a title',
    '<!DOCTYPE html>\n<html><head><title>\n 502 Bad\tGateway</title></head><body>x</body></html>',
    '502 Bad Gateway',
  ],
  ['entities', '<html><title>R&amp;D &#60;b&#62; &#x1b;[31m&#99999999;</title></html>', 'R&D <b> \ufffd[31m\ufffd'],
  [
    'a heading where there is no title',
    '<html><body><h1 class="x">Access <b>denied</b></h1></body></html>',
    'Access denied',
  ],
  ['the message of XML', '<?xml version="1.0"?><Error><Code>X</Code><Message>slow down</Message></Error>', 'slow down'],
  [
    'a page without either',
    '<html><script>var a = 1</script><body><p>Down until noon</p></body></html>',
    'Down until noon',
  ],
])('of a text or a page: %s', (_what, body, expected) => {
  expect(words(body)).toBe(expected)
})

test('an empty or binary body has no message', () => {
  for (const body of ['', ' \r\n\t ', '{}', '[]', 'null', '""', '{"message":null}', '<html></html>', '\ufeff']) {
    expect(words(body), body).toBe(null)
  }
  expect(words(gzipSync('a text that nobody unpacked, of some length or other'))).toBe(null)
})

test('hostile answers give a short line without what steers a terminal', () => {
  expect(words('a'.repeat(1_000_000))).toBe(`${'a'.repeat(maxMessageChars - 1)}…`)
  expect(json({ message: '😀'.repeat(1_000) })).toMatch(/^(?:😀)+…$/u)
  expect(json({ message: '\u001b]0;owned\u0007\u009b2J\u202e\nnext' })).toBe('\ufffd]0;owned\ufffd\ufffd2J\ufffd next')
  expect(words(Buffer.from([0x4e, 0x6f, 0x20, 0xe9, 0x74, 0xe9, 0x20, 0xff]))).toBe('No \ufffdt\ufffd \ufffd')
  for (const [open, close] of [
    ['[', ']'],
    ['{"error":', '}'],
    ['{"message":[', ']}'],
  ] as const) {
    const deep = words(`${open.repeat(30_000)}"deep"${close.repeat(30_000)}`)
    expect(deep?.length).toBe(maxMessageChars)
  }
  for (const part of ['<title', '<title>', '<h1>', '&#', '<', '<!--']) {
    expect((words(part.repeat(20_000)) ?? '').length).toBeLessThanOrEqual(maxMessageChars)
  }
})

test('any bytes, and any JSON, give nothing or a printable line of at most 300 characters', () => {
  const isLine = (said: string | null) => {
    if (said === null) return
    expect(said.length).toBeLessThanOrEqual(300)
    expect(said).not.toMatch(/\p{Cc}|^\s|\s$|^$/u)
    expect(said.isWellFormed()).toBe(true)
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2_000 }), (body) => isLine(words(body))))
  fc.assert(fc.property(fc.json(), (body) => isLine(words(body))))
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('error', 'msg', 'code', 'errors', 'title'), fc.jsonValue()), (value) =>
      isLine(json(value)),
    ),
  )
})

test('a secret that JSON spells otherwise is hidden before the words are cut', () => {
  const hide = (text: string) => text.replaceAll('SE/KRET', '***')
  const body = Buffer.from(`{"message":"${'x'.repeat(295)}SE\\/KRET"}`)
  expect(upstreamMessage(body, hide)).toBe(`${'x'.repeat(295)}***`)
})

test.each([
  [
    ...['binance.ticker24hr', 'BTCUSDT,NOSUCH', 400, '{"code":-1121,"msg":"Invalid symbol."}'],
    'HTTP 400: Binance says {"code":-1121,"msg":"Invalid symbol."}; asked was BTCUSDT,NOSUCH: one of them is none of its markets, see BINANCE_SYMBOLS',
  ],
  [
    ...['binance.ticker24hr', 'BTCUSDT', 418, '{"code":-1003,"msg":"Way too many requests; IP banned."}'],
    'HTTP 418: Binance says {"code":-1003,"msg":"Way too many requests; IP banned."}; asked was BTCUSDT',
  ],
  [
    ...['coinbase.ticker', 'BTC-USD', 400, '{"message":"Not allowed for delisted products"}'],
    'HTTP 400: Coinbase says "Not allowed for delisted products"; asked was BTC-USD',
  ],
  [
    ...['kraken.ticker', 'XBTUSD', 520, '{"error":["EService:Unavailable"]}'],
    'HTTP 520: Kraken says ["EService:Unavailable"]; asked was XBTUSD',
  ],
  [
    ...['jao.core.maxExchanges', null, 400, '{"title":"Bad Request","status":400,"detail":"ToUtc is too far"}'],
    'HTTP 400: Bad Request: ToUtc is too far',
  ],
  ['kraken.ticker', 'XBTUSD', 502, '<html><head><title>502 Bad Gateway</title>', 'HTTP 502: Bad Gateway'],
  ['kraken.ticker', 'XBTUSD', 503, '', 'HTTP 503'],
] as [string, string | null, number, string, string][])(
  '%s, asked for %s: HTTP %s',
  (name, selector, status, body, told) => {
    const dataset = sources.flatMap(({ datasets }) => datasets).find((one) => one.name === name)
    const failure = {
      kind: 'failure' as const,
      error: `HTTP ${status}`,
      status,
      firstKilobyte: body,
      body: Buffer.from(body),
    }
    const asked = { window: { startMs: 0, endMs: 10_000 }, selector }
    expect(withUpstreamMessage(failure, dataset!.asking!, asked, (text) => text).error).toBe(told)
  },
)
