import { ClickHouseError } from '@clickhouse/client'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TransientError } from '../process/transient-error.ts'
import { storeBatch, tableAcceptance } from './store-batch.ts'

/** An error of the server. 27: CANNOT_PARSE_INPUT_ASSERTION_FAILED. 395: a code that errors.ts does not list. */
const refusal = (code: number, message = 'Cannot parse input') => new ClickHouseError({ message, code: `${code}` })

/** A store that refuses a whole insert if one row is bad, as ClickHouse does, and keeps the accepted rows. */
function store(isBad: (row: unknown) => boolean, error: Error = refusal(27)) {
  const self = {
    taken: [] as unknown[],
    inserts: 0,
    insert: async (rows: unknown[][]) => {
      self.inserts++
      if (rows.some(([row]) => isBad(row))) throw error
      self.taken.push(...rows.map(([row]) => row))
    },
  }
  return self
}

describe('a batch', () => {
  it('is one insert when nothing is refused', async () => {
    const inserter = store(() => false)
    expect(await storeBatch([[1], [2], [3]], inserter.insert)).toEqual(new Array(3).fill({ kind: 'ok', outputs: [] }))
    expect(inserter.inserts).toBe(1)
  })

  it('with a poison row among thousands loses that row alone, in few inserts', async () => {
    const inserter = store((row) => row === 1234)
    const rows = Array.from({ length: 5_000 }, (_, index) => [index])
    const verdicts = await storeBatch(rows, inserter.insert)
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
          inserter.insert,
        )
        expect(verdicts.map(({ kind }) => kind)).toEqual(bad.map((isBad) => (isBad ? 'dead' : 'ok')))
        expect(inserter.taken).toEqual(bad.flatMap((isBad, index) => (isBad ? [] : [index])))
      }),
    )
  })

  it('is tried again as a whole when the store is unavailable, however deep in the halving', async () => {
    let calls = 0
    const insert = async () => {
      calls++
      throw calls === 1 ? refusal(27) : refusal(243, 'memory')
    }
    const stored = storeBatch([[1], [2]], insert)
    await expect(stored).rejects.toThrow(TransientError)
    await expect(stored).rejects.toThrow('until somebody mends it: memory')
    expect(calls).toBe(2)
  })

  it('passes on a bug as it is', async () => {
    const bug = new TypeError('undefined is not a function')
    await expect(storeBatch([[1]], () => Promise.reject(bug))).rejects.toBe(bug)
  })
})

const rowsOf = (count: number, first = 0): unknown[][] => Array.from({ length: count }, (_, index) => [first + index])
const kindsOf = async (verdicts: ReturnType<typeof storeBatch>) => (await verdicts).map(({ kind }) => kind)

describe('an error that nobody has classified', () => {
  it('refuses no row that the table, mended meanwhile, accepts', async () => {
    const acceptance = tableAcceptance<unknown[]>(3)
    let isBroken = false
    const insert = async (rows: unknown[][]) => {
      const wasBroken = isBroken
      isBroken = false
      if (wasBroken) throw refusal(395)
      return void rows
    }
    expect(await kindsOf(storeBatch([[1]], insert, acceptance))).toEqual(['ok'])
    isBroken = true
    expect(await kindsOf(storeBatch([[2]], insert, acceptance))).toEqual(['ok'])
  })

  it('is the fault of the refused rows if the table accepts other rows', async () => {
    // The first row is good, and it is one of the rows that are tried alone.
    const bads = fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }).map((bad) => [false, ...bad])
    await fc.assert(
      fc.asyncProperty(bads, async (bad) => {
        const rows = rowsOf(bad.length)
        const inserter = store((row) => bad[row as number] === true, refusal(395))
        expect(await kindsOf(storeBatch(rows, inserter.insert))).toEqual(bad.map((isBad) => (isBad ? 'dead' : 'ok')))
        expect(new Set(inserter.taken)).toEqual(new Set(bad.flatMap((isBad, index) => (isBad ? [] : [index]))))
      }),
    )
  })

  it('of every row is the fault of the table: it is thrown after few inserts, and no row is refused', async () => {
    const inserter = store(() => true, refusal(395))
    for (const acceptance of [tableAcceptance<unknown[]>(), tableAcceptance<unknown[]>(3)]) {
      await expect(storeBatch(rowsOf(5_000), inserter.insert, acceptance)).rejects.toThrow('Cannot parse input')
    }
    expect(inserter.inserts).toBeLessThan(50)
  })

  it('of every row is the fault of the rows where the table takes one that it took before', async () => {
    let broken = false
    const inserter = store((row) => broken || (row as number) >= 100, refusal(395))
    const acceptance = tableAcceptance<unknown[]>()
    expect(await kindsOf(storeBatch(rowsOf(2), inserter.insert, acceptance))).toEqual(['ok', 'ok'])
    expect(await kindsOf(storeBatch(rowsOf(50, 100), inserter.insert, acceptance))).toEqual(new Array(50).fill('dead'))
    broken = true
    await expect(storeBatch(rowsOf(1, 100), inserter.insert, acceptance)).rejects.toThrow('Cannot parse input')
  })

  it('of single rows makes at most three rows dead letters until the table accepts a row', async () => {
    const inserter = store((row) => (row as number) >= 100, refusal(395))
    const acceptance = tableAcceptance<unknown[]>(3)
    // The first row is inserted again, as after a failed send.
    for (const row of [100, 100, 101, 102]) {
      expect(await kindsOf(storeBatch([[row]], inserter.insert, acceptance))).toEqual(['dead'])
    }
    await expect(storeBatch([[103]], inserter.insert, acceptance)).rejects.toThrow('Cannot parse input')
    expect(await kindsOf(storeBatch([[1]], inserter.insert, acceptance))).toEqual(['ok'])
    expect(await kindsOf(storeBatch([[103]], inserter.insert, acceptance))).toEqual(['dead'])
  })

  it('of the language is a bug of ours, unless other rows are taken', async () => {
    const inserter = store((row) => row === 7, new TypeError('Cannot parse input'))
    expect(await kindsOf(storeBatch(rowsOf(8), inserter.insert))).toEqual([...new Array(7).fill('ok'), 'dead'])
    await expect(storeBatch([[7]], inserter.insert, tableAcceptance<unknown[]>(3))).rejects.toThrow(
      'Cannot parse input',
    )
  })
})
