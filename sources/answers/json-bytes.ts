// Finds values in a JSON text by their bytes, so that they can be cut out as upstream wrote them: 4346.0000000000 stays
// as it is. The functions expect valid JSON: readJson has read the text before.

export const quote = 0x22
export const backslash = 0x5c
export const comma = 0x2c
export const colon = 0x3a
export const openBrace = 0x7b
export const closeBrace = 0x7d
export const openBracket = 0x5b
export const closeBracket = 0x5d
export const blanks = [0x20, 0x09, 0x0a, 0x0d]

/** Returns true if `part` stands at a place of some bytes, which need not be JSON. */
export function stands(bytes: Uint8Array, at: number, part: Uint8Array): boolean {
  for (let index = 0; index < part.length; index++) if (bytes[at + index] !== part[index]) return false
  return true
}

/** The bytes [start, end) of a JSON text. */
export interface Place {
  start: number
  end: number
}

/** Returns the index of the quote that ends a text, whose first character is at `from`. */
export function endOfText(text: Uint8Array, from: number): number {
  let index = from
  while (index < text.length && text[index] !== quote) index += text[index] === backslash ? 2 : 1
  return index
}

/** Returns where the outermost object or array of a text begins. */
export const startOf = (text: Uint8Array): number =>
  text.findIndex((byte) => byte === openBrace || byte === openBracket)

/** Returns the places of the elements of the array that begins at `start`, in their order. */
export const elementsAt = (text: Uint8Array, start: number): Place[] =>
  childrenAt(text, start).map(({ place }) => place)

/** Returns the places of the values of the object that begins at `start`, by key. */
export function membersAt(text: Uint8Array, start: number): Map<string, Place> {
  const members = childrenAt(text, start)
  return new Map(members.map(({ key, place }) => [JSON.parse(textAt(text, key ?? place)) as string, place]))
}

interface Child {
  key?: Place
  place: Place
}

/** Works without recursion, because deeply nested answers would overflow the stack. */
function childrenAt(text: Uint8Array, start: number): Child[] {
  const children: Child[] = []
  let depth = 0
  let key: Place | undefined
  let place: Place | undefined
  for (let index = start; index < text.length; index++) {
    const byte = text[index] as number
    if (blanks.includes(byte)) continue
    const closes = byte === closeBrace || byte === closeBracket
    if (depth === 1 && (byte === comma || closes)) {
      if (place) children.push(key ? { key, place } : { place })
      if (closes) return children
      key = undefined
      place = undefined
    } else if (depth === 1 && byte === colon) {
      key = place
      place = undefined
    } else {
      const first = index
      if (byte === quote) index = endOfText(text, index + 1)
      else if (byte === openBrace || byte === openBracket) depth++
      else if (closes) depth--
      if (first > start) place = { start: place?.start ?? first, end: index + 1 }
    }
  }
  throw new Error(`the JSON text ends within the list or object that begins at byte ${start}`)
}

export const textAt = (text: Uint8Array, { start, end }: Place): string =>
  Buffer.from(text.buffer, text.byteOffset + start, end - start).toString('utf8')

/** Writes a list of values that were cut out of other texts. */
export function writeList(values: readonly Uint8Array[]): Uint8Array {
  const separated = values.flatMap((value, index) => (index === 0 ? [value] : [separator, value]))
  return Buffer.concat([listStart, ...separated, listEnd])
}

const [listStart, separator, listEnd] = [Buffer.from('['), Buffer.from(','), Buffer.from(']')]

export interface Edit {
  place: Place
  value: Uint8Array
}

/** Returns the text with other values at some places, which do not overlap. Without edits it is the same object. */
export function editText(text: Uint8Array, edits: readonly Edit[]): Uint8Array {
  if (edits.length === 0) return text
  const parts: Uint8Array[] = []
  let from = 0
  for (const { place, value } of edits.toSorted((one, other) => one.place.start - other.place.start)) {
    parts.push(text.subarray(from, place.start), value)
    from = place.end
  }
  return Buffer.concat([...parts, text.subarray(from)])
}
