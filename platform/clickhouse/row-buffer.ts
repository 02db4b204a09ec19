import type { ColumnType } from './column-type.ts'

const firstBytes = 1024 * 1024

/** The bytes of a row. To make a Buffer of each row takes six times as long. */
export interface BinaryRow {
  memory: Buffer
  start: number
  end: number
}

export const bytesOf = ({ memory, start, end }: BinaryRow): Buffer => memory.subarray(start, end)

/**
 * Where rows are written one behind the other, in the format RowBinary. Each row is in one piece. When the memory is full,
 * the next rows go to other memory, of twice the size: rows stay where they are until the buffer is emptied.
 */
export class RowBuffer {
  bytes = Buffer.allocUnsafeSlow(firstBytes)
  view = viewOf(this.bytes)
  /** Where the next byte goes. Call room() before anything is written. */
  at = 0
  #rowStart = 0

  /** Forgets all rows. Their memory is written again. */
  empty(): void {
    this.at = 0
    this.#rowStart = 0
  }

  startRow(): void {
    this.#rowStart = this.at
  }

  /** Returns the row of the bytes since startRow(). */
  endRow(): BinaryRow {
    return { memory: this.bytes, start: this.#rowStart, end: this.at }
  }

  /** Forgets the bytes since startRow(). */
  dropRow(): undefined {
    this.at = this.#rowStart
  }

  /** Makes sure that `bytes` more bytes can be written. */
  room(bytes: number): void {
    if (this.at + bytes > this.bytes.length) this.#moveRow(bytes)
  }

  #moveRow(bytes: number): void {
    const row = bytesOf(this.endRow())
    this.bytes = Buffer.allocUnsafeSlow(2 * Math.max(this.bytes.length, row.length + bytes))
    this.bytes.set(row)
    this.view = viewOf(this.bytes)
    this.#rowStart = 0
    this.at = row.length
  }

  byte(value: number): void {
    this.bytes[this.at++] = value
  }

  /** Writes a length of at most 2^31 - 1, which takes at most 5 bytes. */
  length(value: number): void {
    let rest = value
    for (; rest > 0x7f; rest >>>= 7) this.bytes[this.at++] = (rest & 0x7f) | 0x80
    this.bytes[this.at++] = rest
  }

  /** Writes a text with its length, and makes room for it. */
  text(value: string): void {
    const text = Buffer.from(value)
    this.room(text.length + 5)
    this.length(text.length)
    this.bytes.set(text, this.at)
    this.at += text.length
  }

  /** Writes an integer that its type can hold. */
  integer(value: number, bytes: (ColumnType & { kind: 'integer' })['bytes']): void {
    const { view, at } = this
    this.at += bytes
    if (bytes === 8) {
      const high = Math.floor(value / 2 ** 32)
      view.setInt32(at, value - high * 2 ** 32, true)
      view.setInt32(at + 4, high, true)
    } else if (bytes === 4) view.setInt32(at, value, true)
    else if (bytes === 2) view.setInt16(at, value, true)
    else view.setInt8(at, value)
  }

  /** Writes a number. JSON knows no -0, so it becomes 0. */
  float64(value: number): void {
    this.view.setFloat64(this.at, value + 0, true)
    this.at += 8
  }
}

const viewOf = ({ buffer, byteOffset, length }: Buffer): DataView => new DataView(buffer, byteOffset, length)
