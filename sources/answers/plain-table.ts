// Reads a plain table from its bytes: {"data":[{"id":1,"border_AT_BE":4346.0},{"id":2,"border_AT_BE":null}],...}. All rows
// repeat the bytes that the first row has around its values, as programs write them. readJson reads any other answer: it
// takes five times as long for a day of 132 keys, because it makes an object of each row, and looks for doubled keys.
import { readJson } from './json.ts'
import { backslash, closeBrace, closeBracket, colon, comma, openBrace, quote, stands } from './json-bytes.ts'
import { isRefusal } from './refusal.ts'

/**
 * The cells of a table by column, in the order of the keys. A column has one cell per row: the value that JSON.parse
 * returns for the key in this row. A column is in `texts` if its first cell is a text, otherwise in `numbers`.
 */
export interface PlainTable {
  rows: number
  numbers: Map<string, (number | null)[]>
  texts: Map<string, (string | null)[]>
  /** The JSON of the answer, with an empty list in place of the rows. */
  envelope: unknown
}

/**
 * Reads an answer whose first member is the list `name`, with at least one row. Returns undefined for an answer that only
 * readJson may judge. That is any answer but this: all rows have the same keys in the same order, without white space. A
 * key stands once in a row and begins with no digit, because JSON.parse moves such keys. Keys and texts are printable
 * ASCII without escapes. Numbers have at most 15 digits and no exponent. Other values are null. The envelope is valid.
 */
export function readPlainTable(bytes: Uint8Array, name: string): PlainTable | undefined {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const head = Buffer.from(`{${JSON.stringify(name)}:[`)
  if (!stands(body, 0, head)) return undefined
  const form = readForm(body, head.length)
  if (form === undefined) return undefined
  const columns: Column[] = form.keys.map(() => [])
  const end = readCells(body, head.length, form, columns)
  if (end < 0) return undefined
  const envelope = readJson(Buffer.concat([head, body.subarray(end)]))
  if (isRefusal(envelope)) return undefined
  const table: PlainTable = {
    rows: columns[0]?.length ?? 0,
    numbers: new Map(),
    texts: new Map(),
    envelope: envelope.value,
  }
  for (const [index, key] of form.keys.entries()) {
    if (form.isText[index]) table.texts.set(key, columns[index] as (string | null)[])
    else table.numbers.set(key, columns[index] as (number | null)[])
  }
  return table
}

type Column = (string | number | null)[]

/** The bytes [start, end) of the first row before each of its values: {"id": and ,"border_AT_BE": and so on. */
interface RowForm {
  keys: string[]
  starts: number[]
  ends: number[]
  isText: boolean[]
}

function readForm(body: Buffer, from: number): RowForm | undefined {
  const form: RowForm = { keys: [], starts: [], ends: [], isText: [] }
  if (body[from] !== openBrace) return undefined
  for (let at = from; ; ) {
    const keyEnd = body[at + 1] === quote ? endOfPlainText(body, at + 2) : -1
    if (keyEnd < 0 || body[keyEnd + 1] !== colon) return undefined
    const end = keyEnd + 2
    form.keys.push(body.toString('latin1', at + 2, keyEnd))
    form.starts.push(at)
    form.ends.push(end)
    form.isText.push(body[end] === quote)
    at = endOfFirstCell(body, end)
    if (body[at] === closeBrace) break
    if (body[at] !== comma) return undefined
  }
  const { keys } = form
  return new Set(keys).size === keys.length && !keys.some((key) => /^\d/.test(key)) ? form : undefined
}

/** Returns where a cell of the first row ends, or -1. readCells reads what is in it. */
function endOfFirstCell(body: Uint8Array, from: number): number {
  if (body[from] === quote) {
    const textEnd = endOfPlainText(body, from + 1)
    return textEnd < 0 ? -1 : textEnd + 1
  }
  let at = from
  while (at < body.length && body[at] !== comma && body[at] !== closeBrace) at++
  return at
}

/** Adds the cells of all rows to the columns. Returns where the list ends, or -1 if a row has another form. */
function readCells(body: Buffer, from: number, { starts, ends, isText }: RowForm, columns: Column[]): number {
  const view = new DataView(body.buffer, body.byteOffset, body.length)
  const cursor: Cursor = { at: from }
  let at = from
  for (;;) {
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index] as Column
      // Compares four bytes at once, which saves a fifth of the time. The last four overlap; {"": is the shortest.
      let formAt = starts[index] as number
      const formEnd = ends[index] as number
      const end = at + formEnd - formAt
      if (end >= body.length) return -1
      for (; at < end - 4; at += 4, formAt += 4) if (view.getInt32(at) !== view.getInt32(formAt)) return -1
      if (view.getInt32(end - 4) !== view.getInt32(formEnd - 4)) return -1
      at = end
      if (body[at] === letterN) {
        if (!stands(body, at, nullText)) return -1
        column.push(null)
        at += nullText.length
      } else if (isText[index]) {
        const textEnd = body[at] === quote ? endOfPlainText(body, at + 1) : -1
        if (textEnd < 0) return -1
        column.push(body.toString('latin1', at + 1, textEnd))
        at = textEnd + 1
      } else {
        cursor.at = at
        const value = readPlainNumber(body, cursor)
        if (Number.isNaN(value)) return -1
        column.push(value)
        at = cursor.at
      }
    }
    if (body[at] !== closeBrace) return -1
    at++
    if (body[at] === closeBracket) return at
    if (body[at] !== comma) return -1
    at++
  }
}

// A whole number of 15 digits is exact as a Float64, and so are these powers. Their quotient is rounded once, as it must.
const maxDigits = 15
const powersOfTen = Array.from({ length: maxDigits + 1 }, (_, exponent) => 10 ** exponent)

/** The place up to which a body is read. */
interface Cursor {
  at: number
}

/** Reads a number as JSON.parse does, and moves the cursor behind it. Returns NaN if it is not a plain number. */
function readPlainNumber(body: Uint8Array, cursor: Cursor): number {
  let at = cursor.at
  const isNegative = body[at] === minus
  if (isNegative) at++
  const start = at
  let mantissa = 0
  let byte = body[at] as number
  for (; isDigit(byte); byte = body[++at] as number) mantissa = mantissa * 10 + (byte - zero)
  let digits = at - start
  if (digits === 0 || (digits > 1 && body[start] === zero)) return Number.NaN
  if (byte === dot) {
    const point = at
    // The last digit that is in the mantissa. Zeros at the end stay out of it: 4346.0000000000 has four digits.
    let last = at
    for (byte = body[++at] as number; isDigit(byte); byte = body[++at] as number) {
      if (byte === zero) continue
      digits += at - last
      if (digits > maxDigits) return Number.NaN
      mantissa = mantissa * (powersOfTen[at - last] as number) + (byte - zero)
      last = at
    }
    if (at === point + 1) return Number.NaN
    if (last > point) mantissa /= powersOfTen[last - point] as number
  }
  if (digits > maxDigits) return Number.NaN
  cursor.at = at
  return isNegative ? -mantissa : mantissa
}

// Not imported: V8 loads an imported constant anew for each digit, which takes a quarter of the whole time.
const zero = 0x30
const nine = 0x39
const minus = 0x2d
const dot = 0x2e
const letterN = 0x6e
const nullText = Buffer.from('null')

const isDigit = (byte: number): boolean => byte >= zero && byte <= nine

/** Returns the index of the quote that ends a text. Returns -1 if a byte before it is not plain. */
function endOfPlainText(body: Uint8Array, from: number): number {
  for (let at = from; ; at++) {
    const byte = body[at]
    if (byte === quote) return at
    if (byte === undefined || byte < 0x20 || byte > 0x7e || byte === backslash) return -1
  }
}
