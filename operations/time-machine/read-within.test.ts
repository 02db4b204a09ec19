import { expect, test } from 'vitest'
import { readWithin } from './read-within.ts'

const reader = () => {
  const asked: number[] = []
  const read = async (place: number) => {
    asked.push(place)
    return { place, body: Buffer.alloc(10) }
  }
  return { asked, read }
}

test('records come in the order of their places, up to the limit of their bytes', async () => {
  const { read } = reader()
  const places = [7, 3, 9, 1, 2, 8]
  expect((await readWithin(places, read, 60))?.map(({ place }) => place)).toEqual(places)
  expect(await readWithin(places, read, 59)).toBeUndefined()
  expect(await readWithin([], read, 0)).toEqual([])
})

test('no more is read once they are too large together', async () => {
  const { asked, read } = reader()
  const places = Array.from({ length: 100 }, (_, index) => index)
  expect(await readWithin(places, read, 25)).toBeUndefined()
  expect(asked).toEqual([0, 1, 2, 3])
})

test('one record is read whatever its size: upstream sent it as one answer', async () => {
  const { read } = reader()
  expect(await readWithin([5], read, 1)).toMatchObject([{ place: 5 }])
})

test('an error of a record ends it', async () => {
  await expect(readWithin([1], () => Promise.reject(new Error('deleted')), 1)).rejects.toThrow('deleted')
})
