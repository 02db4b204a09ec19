import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { exitWithMessage } from './exit-with-message.ts'

test('the process ends when its readers have taken all that was printed before', async () => {
  const taken: string[] = []
  let take = () => {}
  // A pipe with a slow reader: each write waits until the reader takes it.
  const stdout = new Writable({
    write: (chunk, _encoding, done) => {
      take = () => {
        taken.push(String(chunk))
        done()
      }
    },
  })
  const stderr = new Writable({
    write: (chunk, _encoding, done) => {
      taken.push(String(chunk))
      done()
    },
  })
  stdout.write('rows')
  const ended = new Promise<number>((resolve) => exitWithMessage('why', { stdout, stderr, exit: resolve }))
  let code: number | undefined
  ended.then((exitCode) => {
    code = exitCode
  })
  await new Promise((resolve) => setImmediate(resolve))
  expect({ taken, code }).toEqual({ taken: ['why'], code: undefined })
  take()
  // Waits for the empty write after the rows.
  await new Promise((resolve) => setImmediate(resolve))
  take()
  expect(await ended).toBe(1)
  expect(taken).toEqual(['why', 'rows', ''])
})

test('a reader that has gone holds nothing up', async () => {
  const stdout = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) })
  stdout.on('error', () => {})
  stdout.write('rows')
  await new Promise((resolve) => setImmediate(resolve))
  const stderr = new Writable({ write: (_chunk, _encoding, done) => done() })
  expect(await new Promise((resolve) => exitWithMessage('why', { stdout, stderr, exit: resolve }))).toBe(1)
})
