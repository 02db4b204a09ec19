import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { printRows } from './query.ts'

/** Returns the printed rows and notes for a response with this body. */
async function printed(body: string, isTTY: boolean) {
  const out = Object.assign(new PassThrough(), { isTTY })
  const notes = new PassThrough()
  await printRows(new Response(body), out, notes)
  out.end()
  notes.end()
  return { rows: await text(out), notes: await text(notes) }
}

test('rows are passed on as they are', async () => {
  expect(await printed('1\ta\n', true)).toEqual({ rows: '1\ta\n', notes: '' })
  expect(await printed('1\ta\n', false)).toEqual({ rows: '1\ta\n', notes: '' })
})

test('no rows are said on a terminal, and nowhere else', async () => {
  expect(await printed('', true)).toEqual({ rows: '', notes: 'no rows\n' })
  expect(await printed('', false)).toEqual({ rows: '', notes: '' })
})
