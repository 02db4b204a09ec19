import { Transform } from 'node:stream'

// Maximum size of the exception block at the end of a response, bytes: 16 KiB of message, and the markers.
const maxExceptionBytes = 17 * 1024

/**
 * Cuts off the exception block that ClickHouse appends if a statement fails after the first rows. `tag`, from a header
 * of the response, marks the block. After the end of `rows`, `message` returns the text of the block; undefined if
 * there is none.
 */
export function cutException(tag: string | null): { rows: Transform; message: () => string | undefined } {
  let held: Buffer = Buffer.alloc(0)
  let message: string | undefined
  const rows = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      held = Buffer.concat([held, chunk])
      const sureBytes = Math.max(0, held.length - maxExceptionBytes)
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

function messageOf(block: string, tag: string): string {
  const lines = block.split(/\r?\n/)
  return lines.filter((line) => line !== '' && line !== '__exception__' && !line.endsWith(tag)).join(' ')
}
