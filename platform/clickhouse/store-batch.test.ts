import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Unwell } from '#platform/process/unwell.ts'
import { type Inserter, storeBatch } from './store-batch.ts'

/** A store that refuses a whole insert when one of its rows is bad, as ClickHouse does, and keeps what it took. */
function store(isBad: (row: unknown) => boolean): Inserter & { taken: unknown[]; inserts: number } {
  const self = {
    taken: [] as unknown[],
    inserts: 0,
    insert: async (rows: unknown[][]) => {
      self.inserts++
      if (rows.some(([row]) => isBad(row))) throw new Error('Cannot parse input')
      self.taken.push(...rows.map(([row]) => row))
    },
    errorKind: () => 'data' as const,
    needsOperator: () => false,
  }
  return self
}

describe('a batch', () => {
  it('is one insert when nothing is refused', async () => {
    const inserter = store(() => false)
    expect(await storeBatch([[1], [2], [3]], inserter)).toEqual(new Array(3).fill({ kind: 'ok', outputs: [] }))
    expect(inserter.inserts).toBe(1)
  })

  it('with a poison row among thousands loses that row alone, in few inserts', async () => {
    const inserter = store((row) => row === 1234)
    const rows = Array.from({ length: 5_000 }, (_, index) => [index])
    const verdicts = await storeBatch(rows, inserter)
    expect(verdicts.findIndex(({ kind }) => kind === 'dead')).toBe(1234)
    expect(verdicts.filter(({ kind }) => kind === 'ok')).toHaveLength(4_999)
    expect(inserter.taken).toEqual(rows.map(([row]) => row).filter((row) => row !== 1234))
    expect(inserter.inserts).toBeLessThan(30)
  })

  it('accounts for every row exactly once, whichever are bad', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }), async (bad) => {
        const inserter = store((row) => bad[row as number] === true)
        const verdicts = await storeBatch(
          bad.map((_, index) => [index]),
          inserter,
        )
        expect(verdicts.map(({ kind }) => kind)).toEqual(bad.map((isBad) => (isBad ? 'dead' : 'ok')))
        expect(inserter.taken).toEqual(bad.flatMap((isBad, index) => (isBad ? [] : [index])))
      }),
    )
  })

  it('is tried again as a whole when the store is unwell, however deep in the halving', async () => {
    let calls = 0
    const inserter: Inserter = {
      insert: async () => {
        calls++
        throw new Error(calls === 1 ? 'data' : 'memory')
      },
      errorKind: (error) => ((error as Error).message === 'data' ? 'data' : 'retry'),
      needsOperator: (error) => (error as Error).message === 'memory',
    }
    const stored = storeBatch([[1], [2]], inserter)
    await expect(stored).rejects.toThrow(Unwell)
    await expect(stored).rejects.toThrow('until somebody mends it: memory')
    expect(calls).toBe(2)
  })

  it('passes on a bug as it is', async () => {
    const bug = new TypeError('undefined is not a function')
    const inserter: Inserter = {
      insert: async () => Promise.reject(bug),
      errorKind: () => 'bug',
      needsOperator: () => false,
    }
    await expect(storeBatch([[1]], inserter)).rejects.toBe(bug)
  })
})
