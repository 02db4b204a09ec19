// Extracts a message from an error response. Every upstream has its own format. The text is not trusted.

import { printable } from '#platform/process/printable.ts'
import type { Coverage, Refusal, RequestSpec, RequestTarget } from '#sources/source.ts'
import type { Failure } from './fetch.ts'

const maxSourceChars = 600

/** Appends a message of upstream to a failure: that of a refusal by assess(), or a text in the body. Never throws. */
export function withUpstreamMessage(
  failure: Failure,
  asking: RequestSpec,
  asked: RequestTarget,
  hide: (text: string) => string,
): Failure {
  const { body, error } = failure
  if (body === undefined || body.length === 0) return failure
  const words = sourceWords(asking, body, asked) ?? upstreamMessage(body, hide)
  if (words === null) return failure
  // Many page titles begin with the status, which the error names already.
  const rest = words.startsWith(`${failure.status} `) ? words.slice(`${failure.status} `.length) : words
  return { ...failure, error: `${error}: ${hide(rest)}` }
}

function sourceWords(asking: RequestSpec, body: Buffer, asked: RequestTarget): string | undefined {
  try {
    return rejectionMessage(asking.assess(body, asked))
  } catch {
    return undefined
  }
}

/** Returns the message of an `upstream-rejected` refusal; undefined for any other result of assess(). */
export const rejectionMessage = (coverage: Coverage | Refusal): string | undefined =>
  typeof coverage === 'object' && coverage.reason === 'upstream-rejected'
    ? cut(coverage.message, maxSourceChars)
    : undefined

export const maxMessageChars = 300
const maxBodyBytes = 65_536

/**
 * Returns one printable line of at most `maxMessageChars`: a JSON message, a page's title, or the first line. Null if
 * the body has no such text or is binary. `hide` removes secrets before the text is cut. Pure, never throws.
 */
export function upstreamMessage(body: Uint8Array, hide: (text: string) => string = (text) => text): string | null {
  const text = new TextDecoder().decode(body.subarray(0, maxBodyBytes)).trim()
  const words = text.startsWith('<') ? pageWords(text) : (jsonWords(text) ?? plainWords(text))
  const line = printable(hide(words).replace(/\s+/g, ' ')).trim()
  if (line === '' || isBinary(line)) return null
  return line.length <= maxMessageChars ? line : `${cut(line, maxMessageChars - 1)}…`
}

/** Cuts a text to `chars` UTF-16 units without splitting a character. */
const cut = (text: string, chars: number): string => text.slice(0, chars).replace(/[\ud800-\udbff]$/, '')

/** Returns true if more than 40 % of the characters are unreadable. */
const isBinary = (line: string): boolean => line.split('\ufffd').length - 1 > line.length * 0.4

function plainWords(text: string): string {
  // Keeps all of a JSON document, because its first line would be only a bracket.
  return /^[[{]/.test(text) ? text : (text.split(/[\r\n]/, 1)[0] ?? '')
}

/**
 * Returns the message of a JSON body. Returns '' if its fields and items are all null or ''. Returns undefined for other
 * JSON without a known message field, and for what is not JSON.
 */
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

const messageFields = [
  ...['title', 'error', 'errors', 'message', 'msg', 'messages', 'detail', 'details'],
  ...['description', 'error_description', 'errordescription', 'reason'],
]
const codeFields = ['code', 'errorcode', 'error_code']
const maxDepth = 4
const maxItems = 5

function messageOf(value: unknown, depth: number): string {
  if (typeof value === 'string') return value.trim().slice(0, 10 * maxMessageChars)
  if (typeof value !== 'object' || value === null || depth > maxDepth) return ''
  if (Array.isArray(value))
    return joined(
      value.slice(0, maxItems).map((one) => messageOf(one, depth + 1)),
      '; ',
    )
  const fields = new Map(Object.entries(value).map(([name, one]): [string, unknown] => [name.toLowerCase(), one]))
  const known = messageFields.map((name) => messageOf(fields.get(name), depth + 1))
  const words = joined(known, ': ')
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

/** Joins the texts, except those that are empty or part of another. */
function joined(texts: readonly string[], separator: string): string {
  const distinct = [...new Set(texts.filter((text) => text !== ''))]
  return distinct.filter((text) => !distinct.some((other) => other !== text && other.includes(text))).join(separator)
}

const maxPageChars = 16_384

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
