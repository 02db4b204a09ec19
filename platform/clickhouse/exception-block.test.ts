import { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutException } from './exception-block.ts'

/** Returns the exception block that ClickHouse appends to the rows. */
const block = (tag: string, message: string): string =>
  `\r\n__exception__\r\n${tag}\r\n${message}\n${message.length + 1} ${tag}\r\n__exception__\r\n`

async function passed(body: Buffer, chunkBytes: number, tag: string | null) {
  const chunks = Array.from({ length: Math.ceil(body.length / chunkBytes) }, (_, at) =>
    body.subarray(at * chunkBytes, (at + 1) * chunkBytes),
  )
  const out: Buffer[] = []
  const { rows, message } = cutException(tag)
  for await (const chunk of Readable.from(chunks).pipe(rows)) out.push(chunk as Buffer)
  return { rows: Buffer.concat(out), message: message() }
}

test('an answer without an exception passes byte for byte, however it is cut into chunks', async () => {
  const bodies = fc.uint8Array({ minLength: 1, maxLength: 60_000 })
  await fc.assert(
    fc.asyncProperty(bodies, fc.integer({ min: 1, max: 30_000 }), fc.boolean(), async (bytes, chunkBytes, tagged) => {
      const body = Buffer.from(bytes)
      const out = await passed(
        body,
        Math.max(chunkBytes, Math.ceil(body.length / 200)),
        tagged ? 'abcdefghijklmnop' : null,
      )
      expect(out.message).toBeUndefined()
      expect(out.rows.equals(body)).toBe(true)
    }),
    { numRuns: 50 },
  )
})

test('an exception at the end is taken off the rows and told, however it is cut into chunks', async () => {
  const message = 'Code: 395. DB::Exception: Value passed is non-zero. (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO)'
  const body = Buffer.from(`1\n2\n${block('abcdefghijklmnop', message)}`)
  for (let chunkBytes = 1; chunkBytes <= body.length; chunkBytes++) {
    const { rows, message: told } = await passed(body, chunkBytes, 'abcdefghijklmnop')
    expect(rows.toString()).toBe('1\n2\n')
    expect(told).toBe(message)
  }
})

test('data that only looks like an exception passes', async () => {
  const body = Buffer.from(`1\n${block('somebodyelsestag', 'not an error')}`)
  expect(await passed(body, 7, 'abcdefghijklmnop')).toEqual({ rows: body, message: undefined })
})
