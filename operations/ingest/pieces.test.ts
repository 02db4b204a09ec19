import { expect, test } from 'vitest'
import { slidingBytes } from './pieces.ts'

test('what was read before a failure is given first, and the failure with the last of it', async () => {
  async function* pieces() {
    yield Buffer.from('abc')
    yield Buffer.from('de')
    throw new Error('cut')
  }
  const sliding = slidingBytes(pieces(), 4)
  expect(await sliding.fill()).toEqual({ bytes: Buffer.from('abcd'), ended: false, failure: undefined })
  sliding.pass(2)
  expect(await sliding.fill()).toEqual({ bytes: Buffer.from('cde'), ended: false, failure: new Error('cut') })
  sliding.pass(3)
  expect(await sliding.fill()).toEqual({ bytes: Buffer.alloc(0), ended: false, failure: new Error('cut') })
})
