// Avro types of the library, with two of its steps made quicker. Slices are lists of doubles, and raw answers are bytes: the
// library asks for the branch of each value anew, and copies all bytes. Both took 0.07 CPU s a million points.
import { createRequire } from 'node:module'
import avsc, { type Type } from 'avsc'

/** The version of the library whose internals are known here. */
const knownVersion = '5.7.9'

interface Tap {
  buf: Buffer
  pos: number
  readLong: () => number
  writeLong: (value: number) => void
}

/** What the library does not declare. */
interface Steps {
  _read: (tap: Tap) => unknown
  _write: (tap: Tap, value: unknown) => void
}

patchSteps()

/** Returns the type of a schema. */
export const avroType = (schema: string): Type => avsc.Type.forSchema(JSON.parse(schema))

/** Patches the library once for all types of the process. @throws Error if another version of it is installed */
function patchSteps(): void {
  const { version } = createRequire(import.meta.url)('avsc/package.json') as { version: string }
  if (version !== knownVersion) throw new Error(`avsc is ${version}: its steps are known of ${knownVersion} only`)
  const { ArrayType, BytesType } = avsc.types as unknown as Record<string, { prototype: Steps }>
  if (ArrayType === undefined || BytesType === undefined) throw new Error('avsc has no types of arrays and bytes')
  quickenWrite(ArrayType.prototype)
  quickenRead(BytesType.prototype)
}

/** Whether an array is a list of doubles and nulls. */
const areDoubles = new WeakMap<object, boolean>()

function isListOfDoubles(type: object): boolean {
  const known = areDoubles.get(type)
  if (known !== undefined) return known
  const items = JSON.stringify((type as avsc.types.ArrayType).itemsType.schema())
  areDoubles.set(type, items === '["null","double"]')
  return items === '["null","double"]'
}

/** Bytes of the longest count. */
const maxCountBytes = 10

/** Writes lists of doubles in one go. The library has the words for what is not a number. */
function quickenWrite(list: Steps): void {
  const stock = list._write
  let view = new DataView(new ArrayBuffer(0) as ArrayBufferLike)
  list._write = function (tap, value) {
    const { buf, pos } = tap
    // Where there is no room, the library counts how much is missing.
    const isUsual = Array.isArray(value) && value.length > 0 && isListOfDoubles(this)
    if (!isUsual || pos + 2 * maxCountBytes + 9 * value.length > buf.length) return stock.call(this, tap, value)
    if (view.buffer !== buf.buffer || view.byteOffset !== buf.byteOffset || view.byteLength !== buf.length)
      view = new DataView(buf.buffer, buf.byteOffset, buf.length)
    tap.writeLong(value.length)
    let at = tap.pos
    for (const each of value) {
      if (each === null) buf[at++] = 0
      else if (typeof each === 'number') {
        // The branch is a long: 1 is the byte 2.
        buf[at++] = 2
        view.setFloat64(at, each, true)
        at += 8
      } else {
        tap.pos = pos
        return stock.call(this, tap, value)
      }
    }
    buf[at++] = 0
    tap.pos = at
  }
}

/** Reads bytes as a view of the value. The library reads what is cut off, or claims a negative length. */
function quickenRead(bytes: Steps): void {
  const stock = bytes._read
  bytes._read = function (tap) {
    const { buf, pos } = tap
    const length = tap.readLong()
    const end = tap.pos + length
    if (length >= 0 && end <= buf.length) {
      tap.pos = end
      return buf.subarray(end - length, end)
    }
    tap.pos = pos
    return stock.call(this, tap)
  }
}
