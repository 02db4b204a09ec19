import { Transform } from 'node:stream'
import { Problem } from '#infra/local/problem.ts'

// The longest that ClickHouse writes after the last rows when a statement fails half-way: 16 KiB of message, and marks.
const longestBytes = 17 * 1024

/**
 * Passes an answer through. When ClickHouse failed in the middle of it, it has put a block at the end, marked with the tag
 * of the answer's header: that is held back, and the stream fails with its message as a Problem.
 */
export function cutException(tag: string | null): Transform {
  let held: Buffer = Buffer.alloc(0)
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      held = Buffer.concat([held, chunk])
      const sure = Math.max(0, held.length - longestBytes)
      const passed = held.subarray(0, sure)
      held = held.subarray(sure)
      done(null, passed)
    },
    flush(done) {
      const mark = tag === null ? -1 : held.lastIndexOf(`__exception__\r\n${tag}`)
      if (mark === -1) return done(null, held)
      this.push(
        held.subarray(0, mark).toString('latin1').endsWith('\r\n')
          ? held.subarray(0, mark - 2)
          : held.subarray(0, mark),
      )
      done(new Problem(`ClickHouse stopped half-way: ${messageOf(held.subarray(mark).toString(), tag ?? '')}`))
    },
  })
}

/** The block is: __exception__, tag, message, length of the message and tag, __exception__, each on a line. */
function messageOf(block: string, tag: string): string {
  const lines = block.split('\r\n').join('\n').split('\n')
  return lines
    .filter((line) => line !== '' && line !== '__exception__' && !line.endsWith(tag) && line !== tag)
    .join(' ')
}
