// What an answer that is an error says to people. Every upstream says it in a way of its own, and none of it is trusted.
import type { Coverage, Refusal, RequestSpec, RequestTarget } from '#sources/source.ts'
import type { Failure } from './fetch.ts'
import { printable } from './printable.ts'

/** What a source makes of upstream's words may be longer: it says what to do, too. */
const maxSourceChars = 600

/**
 * A failure with what upstream says behind its error. Where the source reads the body as upstream's no, in the source's
 * words, which name what was asked and what to do; else in those that anybody can read. Pure, never throws.
 *
 * @param hide takes secrets out of a text
 */
export function withWords(
  failure: Failure,
  asking: RequestSpec,
  asked: RequestTarget,
  hide: (text: string) => string,
): Failure {
  const { body, error } = failure
  if (body === undefined || body.length === 0) return failure
  const words = sourceWords(asking, body, asked) ?? upstreamWords(body, hide)
  if (words === null) return failure
  // Titles of pages begin with the status, which is said already.
  const told = words.startsWith(`${failure.status} `) ? words.slice(`${failure.status} `.length) : words
  return { ...failure, error: `${error}: ${hide(told)}` }
}

function sourceWords(asking: RequestSpec, body: Buffer, asked: RequestTarget): string | undefined {
  try {
    return rejectionWords(asking.assess(body, asked))
  } catch {
    return undefined
  }
}

/** What a source says of an answer that it reads as upstream's no; undefined where it does not. */
export const rejectionWords = (coverage: Coverage | Refusal): string | undefined =>
  typeof coverage === 'object' && coverage.reason === 'upstream-rejected'
    ? cut(coverage.message, maxSourceChars)
    : undefined

/** Upstream's words are cut to so many characters. */
export const maxWordsChars = 300
/** What an answer has to say stands in its beginning. */
const maxBodyBytes = 65_536

/**
 * One printable line with what an error answer says, at most `maxWordsChars` long: the message of a JSON document, the
 * title of a page, else the first line of the text. Null where it says nothing, or is not a text. Pure, never throws.
 *
 * @param hide takes secrets out of the words before they are cut
 */
export function upstreamWords(body: Uint8Array, hide: (text: string) => string = (text) => text): string | null {
  const text = new TextDecoder().decode(body.subarray(0, maxBodyBytes)).trim()
  const words = text.startsWith('<') ? pageWords(text) : (jsonWords(text) ?? plainWords(text))
  const line = printable(hide(words).replace(/\s+/g, ' ')).trim()
  if (line === '' || isBinary(line)) return null
  return line.length <= maxWordsChars ? line : `${cut(line, maxWordsChars - 1)}…`
}

/** The first `chars` UTF-16 units, without half of a character at the end. */
const cut = (text: string, chars: number): string => text.slice(0, chars).replace(/[\ud800-\udbff]$/, '')

/** A line of which so much cannot be read is compressed, or a picture. */
const isBinary = (line: string): boolean => line.split('\ufffd').length - 1 > line.length * 0.4

function plainWords(text: string): string {
  // The first line of a JSON document that says nothing known, or was cut, is a bracket.
  return /^[[{]/.test(text) ? text : (text.split(/[\r\n]/, 1)[0] ?? '')
}

/** Undefined where the text is not JSON, or has values and none that is known to be a message. */
function jsonWords(text: string): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const words = messageOf(value, 0)
  if (words !== '') return words
  return typeof value === 'object' && value !== null && hasText(value) ? undefined : ''
}

const hasText = (value: object): boolean => Object.values(value).some((one) => one !== null && one !== '')

/** From what kind of error it is to what is wrong. Compared without regard to capitals. */
const messageFields = [
  ...['title', 'error', 'errors', 'message', 'msg', 'messages', 'detail', 'details'],
  ...['description', 'error_description', 'errordescription', 'reason'],
]
const codeFields = ['code', 'errorcode', 'error_code']
const maxDepth = 4
const maxItems = 5

function messageOf(value: unknown, depth: number): string {
  if (typeof value === 'string') return value.trim().slice(0, 10 * maxWordsChars)
  if (typeof value !== 'object' || value === null || depth > maxDepth) return ''
  if (Array.isArray(value))
    return joined(
      value.slice(0, maxItems).map((one) => messageOf(one, depth + 1)),
      '; ',
    )
  const fields = new Map(Object.entries(value).map(([name, one]): [string, unknown] => [name.toLowerCase(), one]))
  const known = messageFields.map((name) => messageOf(fields.get(name), depth + 1))
  const words = joined(known, ': ')
  // Under `errors` some name each field that is wrong.
  if (words === '' && depth > 0) return namedMessages(Object.entries(value).slice(0, maxItems), depth)
  const code = codeFields.map((name) => fields.get(name)).find(isCode)
  return words === '' || code === undefined || words.includes(`${code}`) ? words : `${words} (${code})`
}

function namedMessages(entries: [string, unknown][], depth: number): string {
  const named = entries.map(([name, one]) => {
    const words = Array.isArray(one) || typeof one === 'string' ? messageOf(one, depth + 1) : ''
    return words === '' ? '' : `${name}: ${words}`
  })
  return joined(named, '; ')
}

const isCode = (code: unknown): code is string | number =>
  typeof code === 'number' || (typeof code === 'string' && /^[\w.-]{1,40}$/.test(code))

/** The texts that are not empty and not within another. */
function joined(texts: readonly string[], separator: string): string {
  const told = [...new Set(texts.filter((text) => text !== ''))]
  return told.filter((text) => !told.some((other) => other !== text && other.includes(text))).join(separator)
}

/** A page says what it is about in its beginning. */
const maxPageChars = 16_384

/** The title of a page of HTML, its heading, the message of XML, else its text without tags. */
function pageWords(whole: string): string {
  const page = whole.slice(0, maxPageChars)
  for (const name of ['title', 'h1', 'message']) {
    const [, inner = ''] = page.split(new RegExp(`<${name}(?:\\s[^<>]*)?>`, 'i'), 2)
    const words = textOf(inner.split(new RegExp(`</${name}`, 'i'), 1)[0] ?? '')
    if (words !== '') return words
  }
  return textOf(page.replace(/<(script|style)\b[^<>]*>[^<]*/gi, ''))
}

const textOf = (markup: string): string => unescaped(markup.replace(/<[^<>]*>/g, '')).trim()

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

const unescaped = (text: string): string =>
  text.replace(/&(?:#(\d{1,8})|#x([\da-f]{1,6})|([a-z]{2,4}));/gi, (all, decimal, hex, name) => {
    if (name !== undefined) return entities[name.toLowerCase()] ?? all
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal)
    return code <= 0x10ffff ? String.fromCodePoint(code).toWellFormed() : '\ufffd'
  })
