import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Failure } from './failure.ts'
import { quoteName, quoteString } from './quote.ts'
import { readStatement } from './statement.ts'
import { tokens } from './tokens.ts'

const texts = (sql: string) => [...tokens(sql)].map((token) => token.text)
const bytesOf = (text: string) => Buffer.from(text).toString('latin1')

describe('tokens', () => {
  test('comments, nested ones too, are gone; strings, names and heredocs are one token each', () => {
    expect(texts("a/* /* ; */ */b -- c\n#! d\n'e;''f\\'g' `h;\\`i` \"j\"\"k\" $t$ ; 'x $t$ 1.5")).toEqual([
      'a',
      'b',
      "e;''f\\'g",
      'h;\\`i',
      'j""k',
      " ; 'x ",
      '1',
      '.',
      '5',
    ])
  })

  test.each(["'", "'\\", '"a', '`a', '/*', '/* /* */', '$a$ b', '$', 'a $ b', '\\G', '\u201ca\u201d', '\0', 'é', '~'])(
    '%j is refused: the engine may read it differently',
    (text) => {
      expect(() => texts(`SELECT 1 ${text}`)).toThrow(Failure)
    },
  )

  test('text is never lost: what stands between tokens is blank or comment', () => {
    const piece = fc.constantFrom(
      'a',
      '1',
      "'x y'",
      '`q`',
      '(',
      ')',
      ',',
      ' ',
      '\n',
      '/* c */',
      '-- d\n',
      ' $h$;$h$',
      ';',
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const sql = pieces.join('')
        let at = 0
        for (const token of tokens(sql)) {
          expect(sql.slice(at, token.start)).toMatch(/^(\s|\/\* c \*\/|-- d\n)*$/)
          at = token.end
        }
        expect(sql.slice(at)).toMatch(/^(\s|\/\* c \*\/|-- d\n)*$/)
      }),
    )
  })

  test('the blanks of the engine are blanks, also those of Unicode and a byte order mark', () => {
    const codes = [0x85, 0xa0, 0x180e, 0x2028, 0x2029, 0x202f, 0x205f, 0x2060, 0x3000, 0xfeff]
    for (let code = 0x2000; code <= 0x200d; code++) codes.push(code)
    for (const blank of codes.map((code) => bytesOf(String.fromCodePoint(code)))) {
      expect(texts(`${blank}SELECT${blank}${blank}1 ${blank}`)).toEqual(['SELECT', '1'])
      expect(texts(`'${blank}'`)).toEqual([blank])
      for (const sql of [`${blank}INSERT INTO t${blank}VALUES${blank}(1)`, `INSERT INTO t VALUES${blank}(1)`]) {
        const read = readStatement(sql, true)
        expect(read).toMatchObject({ kind: 'insert', head: 'INSERT INTO t' })
        expect(sql.slice(read?.kind === 'insert' ? read.dataStart : 0)).toBe('(1)')
      }
    }
  })

  test('a blank that is cut in two is waited for, so that data begins behind it', () => {
    for (const cut of [1, 2, 3]) {
      expect(readStatement(`INSERT INTO t VALUES${bytesOf('\u3000').slice(0, cut)}`, false)).toBeUndefined()
    }
  })

  test.each([
    ['SELECT 1 AS “x”', 'position 13: the character “ (U+201C)'],
    ['SELECT\u00a0‘é’', 'position 8: the character ‘ (U+2018)'],
    ["SELECT 'éé😀', é", 'position 15: the character é (U+00E9)'],
    ['INSERT INTO t\nFORMAT CSV SETTINGS a = “1”\n', 'position 39: the character “ (U+201C)'],
    ['SELECT \u200e1', 'position 8: the character U+200E'],
    ['SELECT ~1', 'position 8: the character ~ (U+007E)'],
    ["\ufeffSELECT 'é", "position 9: the quote ' is not closed"],
  ])('%j is refused with the character as it was written and its place in characters', (sql, words) => {
    expect(() => readStatement(bytesOf(sql), true)).toThrow(`failed at ${words}`)
  })

  test('an error names the byte that is not UTF-8', () => {
    expect(() => texts('SELECT \xff')).toThrow('failed at position 8: the byte 0xFF is not UTF-8')
  })

  test('a typographic minus is a minus, and two of them do not begin a comment', () => {
    expect(texts(bytesOf('3−1'))).toEqual(['3', bytesOf('−'), '1'])
  })

  test('a number ends before a heredoc', () => {
    expect(texts("SELECT 1$a$ it's $a$")).toEqual(['SELECT', '1', " it's "])
  })

  test('what stands behind two slashes is a comment', () => {
    expect(texts("SELECT 1 // it's\n + 2 // 3")).toEqual(['SELECT', '1', '+', '2'])
  })

  test('a clause before a comment that ends in an odd byte keeps its text whole', () => {
    const [body, head] = ['SELECT 1', 'INSERT INTO t']
    expect(readStatement(bytesOf(`${body} -- voilà\nFORMAT JSON`), true)).toMatchObject({ body, format: 'JSON' })
    expect(readStatement(bytesOf(`${body}\u00a0FORMAT\u00a0JSON`), true)).toMatchObject({ body, format: 'JSON' })
    const settings = 'SETTINGS\u00a0a\u00a0=\u00a01'
    for (const sql of [
      `${head}\u00a0${settings} -- à\nFORMAT CSV\n`,
      `${head} -- à\nFORMAT CSV\u00a0${settings}\u00a0\n1`,
    ]) {
      expect(readStatement(bytesOf(sql), true)).toMatchObject({ head, settings: bytesOf(settings), format: 'CSV' })
    }
  })

  test('total: any bytes give tokens or a Failure', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          texts(Buffer.from(bytes).toString('latin1'))
        } catch (error) {
          expect(error).toBeInstanceOf(Failure)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('INSERT with data', () => {
  test.each([
    ['INSERT INTO t FORMAT CSV\n1', 'INSERT INTO t', '', 'CSV', '1'],
    ['insert into t(a,format)values(1)', 'insert into t(a,format)', '', 'Values', '(1)'],
    [
      'INSERT INTO t (a) SETTINGS x=1, y=2 FORMAT  RowBinary \t\r\n\n\n;',
      'INSERT INTO t (a)',
      'SETTINGS x=1, y=2',
      'RowBinary',
      '\n\n;',
    ],
    ['INSERT INTO t FORMAT TSV SETTINGS x=1\nSETTINGS\t2', 'INSERT INTO t', 'SETTINGS x=1', 'TSV', 'SETTINGS\t2'],
    ['INSERT INTO t FORMAT TSV\nSETTINGS x=1', 'INSERT INTO t', '', 'TSV', 'SETTINGS x=1'],
    [
      "/* FORMAT A */ INSERT INTO `FORMAT` /* VALUES */ FORMAT--x\n B\n'unclosed",
      'INSERT INTO `FORMAT`',
      '',
      'B',
      "'unclosed",
    ],
    [
      'INSERT INTO TABLE d.t (* EXCEPT(b)) VALUES (1); DROP TABLE x',
      'INSERT INTO TABLE d.t (* EXCEPT(b))',
      '',
      'Values',
      ' (1); DROP TABLE x',
    ],
  ])('%j', (sql, head, settings, format, data) => {
    const read = readStatement(sql, true)
    expect(read).toMatchObject({ kind: 'insert', settings, format })
    if (read?.kind !== 'insert') throw new Error('no insert')
    expect(read.head.replace(/\s*\/\*.*?\*\//g, '')).toBe(head)
    expect(sql.slice(read.dataStart).trimStart()).toBe(data.trimStart())
  })

  test('data is found at the same byte, whatever it is and however the text arrives', () => {
    const head = "INSERT INTO t (a, `b;`) /* ; FORMAT X */ SETTINGS s = 'FORMAT Y' FORMAT JSONEachRow\n"
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), fc.nat(), (bytes, cut) => {
        const text = head + Buffer.from(bytes).toString('latin1')
        const whole = readStatement(text, true)
        expect(whole).toMatchObject({ kind: 'insert', dataStart: head.length, format: 'JSONEachRow' })
        const early = readStatement(text.slice(0, cut % (text.length + 1)), false)
        if (early !== undefined && cut % (text.length + 1) >= head.length) expect(early).toEqual(whole)
      }),
    )
  })

  test('a head that is cut anywhere is not mistaken for another statement', () => {
    const head = 'INSERT INTO FORMATS (a) FORMAT CSV\n'
    for (let cut = 0; cut < head.length; cut++) {
      expect([cut, readStatement(head.slice(0, cut), false)]).toEqual([cut, undefined])
    }
  })
})

describe('other statements', () => {
  test.each([
    ['SELECT 1', 'SELECT 1', undefined, ''],
    ['SELECT 1 FORMAT JSON', 'SELECT 1', 'JSON', 'FORMAT JSON'],
    ['SELECT 1 SETTINGS a=1 FORMAT JSON ; -- x', 'SELECT 1 SETTINGS a=1', 'JSON', 'FORMAT JSON'],
    ['SELECT 1 FORMAT JSON SETTINGS a=1', 'SELECT 1', 'JSON', 'FORMAT JSON SETTINGS a=1'],
    ["SELECT ' FORMAT JSON' -- FORMAT x", "SELECT ' FORMAT JSON'", undefined, ''],
    ['SELECT 1 AS format', 'SELECT 1 AS format', undefined, ''],
    ['SELECT (SELECT 1 FORMAT JSON)', 'SELECT (SELECT 1 FORMAT JSON)', undefined, ''],
  ])('%j', (sql, body, format, tail) => {
    expect(readStatement(sql, true)).toMatchObject({ kind: 'rows', body, format, tail })
  })

  test.each([
    'SELECT 1; SELECT 2',
    'SELECT 1;;SELECT 2',
    'INSERT INTO t SELECT 1; DROP TABLE t',
    'INSERT INTO t SELECT 1 FORMAT CSV\n1\n\nDROP TABLE t',
    'EXPLAIN INSERT INTO t VALUES (1)\n\nDROP TABLE t',
    'INSERT INTO t FORMAT CSV; DROP TABLE t',
    'garbage',
    '',
    ' -- nothing',
    "SELECT '",
  ])('%j is refused', (sql) => {
    expect(() => readStatement(sql, true)).toThrow(expect.objectContaining({ code: 62 }))
  })

  test('KILL by id', () => {
    expect(readStatement("KILL QUERY WHERE query_id = 'a-b' SYNC", true)).toMatchObject({ killedId: 'a-b' })
    expect(readStatement("KILL QUERY WHERE user = 'a' ASYNC", true)).toMatchObject({ killedId: undefined })
    expect(() => readStatement("KILL QUERY WHERE user = 'a' SYNC", true)).toThrow(expect.objectContaining({ code: 48 }))
  })
})

test('quoting: one token that means the value, without a line break', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      for (const quoted of [quoteString(value), quoteName(value)]) {
        const latin1 = Buffer.from(quoted).toString('latin1')
        expect([...tokens(latin1)].length).toBe(1)
        expect(quoted).not.toMatch(/[\n\r\0]/)
      }
    }),
  )
})
