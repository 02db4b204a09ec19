/** No number: what is there is not written as every producer writes it, or is not there. */
const unusual = Number.NaN

// The Avro library reads no integer beyond this.
const maxLong = Number.MAX_SAFE_INTEGER - 1

/**
 * Reads the bytes of an Avro record one by one. A read that finds anything unusual says so, and the rest must not be read:
 * then the Avro library is to decide what the bytes are.
 */
export class AvroBytes {
  // The whole memory in which the value lies: values of a batch share it, and a view of each would cost more than to read it.
  bytes: Uint8Array = new Uint8Array(0)
  view: DataView = new DataView(this.bytes.buffer)
  at = 0
  end = 0

  /** The place of the record in its partition. */
  offset = 0

  /** Begins with the bytes of `value` from `start` on. */
  open(value: Buffer, start: number, offset: number): void {
    this.offset = offset
    if (value.buffer !== this.bytes.buffer) {
      this.bytes = new Uint8Array(value.buffer)
      this.view = new DataView(value.buffer)
    }
    this.at = value.byteOffset + start
    this.end = value.byteOffset + value.length
  }

  get isAtEnd(): boolean {
    return this.at === this.end
  }

  byte(): number {
    return this.at < this.end ? (this.bytes[this.at++] as number) : unusual
  }

  /** Returns an int or a long. NaN if it is cut off, or the Avro library would refuse it or not read it exactly. */
  long(): number {
    const { bytes, end } = this
    let at = this.at
    let low = 0
    // Four bytes fit into the integers that are fast.
    for (let shift = 0; shift < 28; shift += 7) {
      if (at >= end) return unusual
      const byte = bytes[at++] as number
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        this.at = at
        return (low >>> 1) ^ -(low & 1)
      }
    }
    let sum = low
    for (let times = 2 ** 28; times < 2 ** 56; times *= 128) {
      if (at >= end) return unusual
      const byte = bytes[at++] as number
      sum += (byte & 0x7f) * times
      if (byte < 0x80) {
        this.at = at
        // Beyond 2^53 the sum is exact only if it is even.
        if ((low & 1) === 0) return sum / 2 <= maxLong ? sum / 2 : unusual
        return sum <= Number.MAX_SAFE_INTEGER ? -(sum + 1) / 2 : unusual
      }
    }
    return unusual
  }

  /** Returns a double. NaN if it is cut off. */
  double(): number {
    const { at } = this
    return this.skip(8) ? this.view.getFloat64(at, true) : unusual
  }

  /** Returns false if there are not as many bytes left. */
  skip(bytes: number): boolean {
    if (!(bytes <= this.end - this.at)) return false
    this.at += bytes
    return true
  }

  /** Returns the length of a text, or the number of items of an array or map. NaN if there are not as many bytes left. */
  count(): number {
    const count = this.long()
    return count >= 0 && count <= this.end - this.at ? count : unusual
  }
}
