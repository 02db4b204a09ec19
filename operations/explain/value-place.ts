import { findNodeAtLocation, parseTree } from 'jsonc-parser'

export interface ValuePlace {
  /** Path of the value in the JSON body, for example `data[17].border_AT_BE`. */
  path: string
  fromByte: number
  toByte: number
  text: string
  before: string
  after: string
}

const maxCharsBefore = 60
const maxCharsAfter = 40
const maxChars = 80
const byteOrderMark = [0xef, 0xbb, 0xbf]

/** Finds a value in a JSON body. Returns undefined if the body is not UTF-8 JSON or lacks the path. Pure. */
export function locateValue(body: Uint8Array, path: readonly (string | number)[]): ValuePlace | undefined {
  const markBytes = byteOrderMark.every((byte, index) => body[index] === byte) ? byteOrderMark.length : 0
  const text = textOf(body.subarray(markBytes))
  const node = text === undefined ? undefined : nodeAt(text, path)
  if (text === undefined || node === undefined) return undefined
  const end = node.offset + node.length
  // The parser counts UTF-16 units, and `fromByte` counts bytes of UTF-8.
  const fromByte = markBytes + Buffer.byteLength(text.slice(0, node.offset))
  const shown = text.slice(node.offset, end)
  return {
    path: pathText(path),
    fromByte,
    toByte: fromByte + Buffer.byteLength(shown),
    text: shown.length > maxChars ? `${shown.slice(0, maxChars)}…` : shown,
    before:
      (node.offset > maxCharsBefore ? '…' : '') + text.slice(Math.max(0, node.offset - maxCharsBefore), node.offset),
    after: text.slice(end, end + maxCharsAfter) + (text.length > end + maxCharsAfter ? '…' : ''),
  }
}

function nodeAt(text: string, path: readonly (string | number)[]) {
  try {
    const root = parseTree(text)
    return root && findNodeAtLocation(root, [...path])
  } catch {
    // The parser is recursive and overflows the stack on deep nesting.
    return undefined
  }
}

const pathText = (path: readonly (string | number)[]): string =>
  path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '')

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}
