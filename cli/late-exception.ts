import { Transform } from 'node:stream'

// The longest that ClickHouse writes after the last rows when a statement fails half-way: 16 KiB of message, and marks.
const maxBytes = 17 * 1024

/**
 * `rows` passes an answer through. When ClickHouse failed in the middle of it, it has put a block at the end, marked with
 * the tag of the answer's header: that is cut off, and at the end of the stream `message` tells what it says.
 */
export function cutException(tag: string | null): { rows: Transform; message: () => string | undefined } {
  let held: Buffer = Buffer.alloc(0)
  let message: string | undefined
  const rows = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      held = Buffer.concat([held, chunk])
      const sureBytes = Math.max(0, held.length - maxBytes)
      const sure = held.subarray(0, sureBytes)
      held = held.subarray(sureBytes)
      done(null, sure)
    },
    flush(done) {
      const mark = tag === null ? -1 : held.lastIndexOf(`\r\n__exception__\r\n${tag}`)
      if (mark !== -1) message = messageOf(held.subarray(mark).toString(), tag ?? '')
      done(null, mark === -1 ? held : held.subarray(0, mark))
    },
  })
  return { rows, message: () => message }
}

/** The block is: __exception__, tag, message, length of the message and tag, __exception__, each on a line. */
function messageOf(block: string, tag: string): string {
  const lines = block.split(/\r?\n/)
  return lines.filter((line) => line !== '' && line !== '__exception__' && !line.endsWith(tag)).join(' ')
}
