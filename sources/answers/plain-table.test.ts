import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mutatedBodies } from '../../test/support/mutated-bodies.ts'
import { readJson } from './json.ts'
import { type PlainTable, readPlainTable } from './plain-table.ts'
import { isRefusal } from './refusal.ts'

const read = (text: string) => readPlainTable(Buffer.from(text), 'data')
const ofRows = (...rows: string[]) => `{"data":[${rows.join(',')}],"rejected":false}`

test('a table is its cells by column, in the order of the keys', () => {
  const body =
    '{"data":[{"id":7,"dateTimeUtc":"2026-04-20T22:00:00Z","b_AT":4346.0000000000,"a_BE":null,"note":"~ {x}"},' +
    '{"id":8,"dateTimeUtc":"2026-04-20T23:00:00Z","b_AT":-12.5,"a_BE":0,"note":null}],"rejected":false,"messages":null}'
  const table = read(body) as PlainTable
  expect({ ...table, numbers: [...table.numbers], texts: [...table.texts] }).toEqual({
    rows: 2,
    numbers: [
      ['id', [7, 8]],
      ['b_AT', [4346, -12.5]],
      ['a_BE', [null, 0]],
    ],
    texts: [
      ['dateTimeUtc', ['2026-04-20T22:00:00Z', '2026-04-20T23:00:00Z']],
      ['note', ['~ {x}', null]],
    ],
    envelope: { data: [], rejected: false, messages: null },
  })
})

test('the body may lie anywhere in a buffer, and the list may have another name', () => {
  const bytes = Buffer.from('xxx{"rows":[{"":1}]}yyyyyyyy')
  expect(readPlainTable(bytes.subarray(3, 20), 'rows')?.numbers).toEqual(new Map([['', [1]]]))
  expect(readPlainTable(bytes.subarray(3, 20), 'data')).toBeUndefined()
  for (let end = 3; end < 20; end++) expect(readPlainTable(bytes.subarray(3, end), 'rows')).toBeUndefined()
})

describe('a number', () => {
  const numberOf = (text: string) => read(ofRows(`{"a":${text}}`))?.numbers.get('a')?.[0]
  test.each([
    ['0', 0],
    ['-0', -0],
    ['-0.0', -0],
    ['0.000', 0],
    ['7', 7],
    ['-4346.0000000000', -4346],
    ['4346.00000000000000000000000000000000', 4346],
    ['2287.8', 2287.8],
    ['0.1', 0.1],
    ['-0.00001', -0.00001],
    ['0.1000000020', 0.100000002],
    ['123456789.012345', 123456789.012345],
    ['0.12345678901234', 0.12345678901234],
    ['999999999999999', 999_999_999_999_999],
    ['-99999999999999.9', -99_999_999_999_999.9],
  ])('%s is taken', (text, value) => {
    expect(Object.is(numberOf(text), value), `${numberOf(text)}`).toBe(true)
    expect(Object.is(JSON.parse(text), value)).toBe(true)
  })

  test.each([
    ['2^53 + 1', '9007199254740993'],
    ['16 digits', '1234567890123456'],
    ['16 digits, most of them behind the point', '0.123456789012345'],
    ['16 digits, with zeros between', '1.000000000000001'],
    ['400 digits', '9'.repeat(400)],
    ['exponents', '1e3'],
    ['exponents of either sign and case', '1.5E-7'],
    ['a number beyond all numbers', '1e999'],
  ])('of %s is for readJson', (_name, text) => {
    expect(numberOf(text)).toBeUndefined()
    expect(JSON.parse(text)).toBeTypeOf('number')
  })

  test.each(['1.', '.5', '01', '-', '-00', '+1', '--1', '1.2.3', '0x1', 'NaN', '1 ', '', '1.e', 'nul', 'nulll', 'n'])(
    'is not: %j',
    (text) => {
      expect(numberOf(text)).toBeUndefined()
      expect(isRefusal(readJson(Buffer.from(ofRows(`{"a":${text}}`)))) || text.endsWith(' ')).toBe(true)
    },
  )

  test('with any digits is the one that JSON.parse reads', () => {
    const digits = (maxLength: number) => fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength })
    const whole = fc.oneof(
      fc.constant('0'),
      digits(17).filter((text) => !text.startsWith('0')),
    )
    fc.assert(
      fc.property(fc.boolean(), whole, fc.option(digits(17)), (isNegative, whole, fraction) => {
        const text = `${isNegative ? '-' : ''}${whole}${fraction === null ? '' : `.${fraction}`}`
        const significant = whole + (fraction ?? '').replace(/0+$/, '')
        const number = numberOf(text)
        expect(number === undefined).toBe(significant.length > 15)
        if (number !== undefined) expect(Object.is(number, JSON.parse(text)), text).toBe(true)
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('readJson judges an answer', () => {
  const row = '{"t":"x","a":1,"b":2}'
  test.each([
    ['with its keys in another order', ofRows(row, '{"t":"y","b":2,"a":1}')],
    ['with a key more in a later row', ofRows(row, '{"t":"y","a":1,"b":2,"c":3}')],
    ['with a key less in a later row', ofRows(row, '{"t":"y","a":1}')],
    ['with another key in a later row', ofRows(row, '{"t":"y","a":1,"c":2}')],
    ['with a key twice in all rows', ofRows('{"a":1,"b":2,"a":1}', '{"a":1,"b":2,"a":1}')],
    ['with a key twice in a later row', ofRows(row, '{"t":"y","a":1,"b":2,"a":1}')],
    ['with keys that JSON.parse moves', ofRows('{"b":1,"7":2}')],
    ['with an escape in a key', ofRows('{"\\u0061":1}')],
    ['with an escape in a text', ofRows('{"t":"\\n"}', '{"t":"x"}')],
    ['with an escape in a text of a later row', ofRows('{"t":"x"}', '{"t":"a\\"b"}')],
    ['with a control character in a text', ofRows('{"t":"\u0001"}')],
    ['with a byte beyond ASCII in a key', ofRows('{"é":1}')],
    ['with a byte beyond ASCII in a text', ofRows('{"t":"x"}', '{"t":"é"}')],
    ['with a nested value', ofRows('{"a":[1]}')],
    ['with a nested value in a later row', ofRows(row, '{"t":"y","a":{"c":1},"b":2}')],
    ['with true or false', ofRows('{"a":true}')],
    ['with a text for a number', ofRows(row, '{"t":"y","a":"1","b":2}')],
    ['with a number for a text', ofRows(row, '{"t":1,"a":1,"b":2}')],
    ['with a text where the first row has null', ofRows('{"a":null}', '{"a":"x"}')],
    ['with white space before it', ` ${ofRows(row)}`],
    ['with white space within a row', ofRows(row, '{"t":"x", "a":1,"b":2}')],
    ['with white space in each row', ofRows('{"t":"x", "a":1}', '{"t":"x", "a":1}')],
    ['with white space behind a colon', ofRows('{"a": 1}')],
    ['with white space between its rows', `{"data":[${row}, ${row}]}`],
    ['with white space behind its rows', `{"data":[${row} ]}`],
    ['with a byte order mark', `\ufeff${ofRows(row)}`],
    ['whose rows do not come first', `{"rejected":false,"data":[${row}]}`],
    ['that is a list', `[${row}]`],
    ['without rows', ofRows()],
    ['with an empty row', ofRows('{}')],
    ['with an empty row among others', ofRows(row, '{}')],
    ['with rows that are numbers', ofRows('1', '2')],
    ['with a comma behind its rows', `{"data":[${row},]}`],
    ['with its list twice', `{"data":[${row}],"data":[]}`],
    ['with an envelope that has a key twice', `{"data":[${row}],"a":{"b":1,"b":1}}`],
    ['with an envelope that is no JSON', `{"data":[${row}],"a":}`],
    ['with an envelope that is no UTF-8', Buffer.from(`{"data":[${row}],"a":"\xff"}`, 'latin1')],
    ['with something behind it', `${ofRows(row)}x`],
    ['that is cut off', ofRows(row, row).slice(0, -20)],
    ['that is empty', ''],
  ])('%s', (_name, body) => {
    expect(readPlainTable(Buffer.from(body as string), 'data')).toBeUndefined()
  })
})

test('a mutated answer is read as JSON.parse reads it, or not at all', () => {
  const row = (hour: number, at: string, cells: string) =>
    `{"id":${hour},"dateTimeUtc":"2026-04-20T2${hour}:00:00Z","lastModifiedOn":"${at}",${cells}}`
  const bodies = [
    ofRows(row(2, '2026-04-19T07:57:31.36', '"a":1,"bc":-2287.8,"border_AT_BE":4346.0000000000,"d":null')),
    ofRows('{"a":1,"b":2}', '{"a":-0.5,"b":null}', '{"a":0,"b":17.25}'),
    ofRows('{"t":"x","":1}', '{"t":"y","":2}', '{"t":null,"":3}'),
    ofRows(row(2, 'x', '"a":0.10,"b":null'), row(3, 'y', '"a":-0,"b":-12345.6789')),
  ].map((text) => Buffer.from(text))
  let taken = 0
  fc.assert(
    fc.property(mutatedBodies(bodies), (body) => {
      const table = readPlainTable(body, 'data')
      if (table === undefined) return
      taken++
      const json = readJson(body)
      if (isRefusal(json)) throw new Error(`readJson refuses it: ${json.message}`)
      const { data, ...envelope } = json.value as { data: Record<string, unknown>[] }
      expect(table.envelope).toEqual({ data: [], ...envelope })
      expect(table.rows).toBe(data.length)
      const columns = new Map<string, unknown[]>([...table.numbers, ...table.texts])
      for (const [index, cells] of data.entries()) {
        const names = Object.keys(cells)
        expect(names.filter((name) => table.numbers.has(name))).toEqual([...table.numbers.keys()])
        expect(names.filter((name) => table.texts.has(name))).toEqual([...table.texts.keys()])
        expect(names.length).toBe(columns.size)
        for (const name of names) {
          if (!Object.is(columns.get(name)?.[index], cells[name])) throw new Error(`${name} of row ${index} differs`)
        }
      }
    }),
    { numRuns: 20_000 },
  )
  expect(taken).toBeGreaterThan(2_000)
})
