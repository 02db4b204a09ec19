import fc from 'fast-check'

/** Numbers and other words that may stand in the place of a number, also such as no JSON has. */
const words = [
  ...['0', '-0', '-0.0', '0.000', '7', '-12.50', '4346.0000000000', '0.1', '2287.8', '123456789.012345', '-0.00001'],
  ...[
    '999999999999999',
    '9007199254740991',
    '9007199254740993',
    '0.1234567890123456',
    '0.3000000000000000444',
    '1e999',
  ],
  ...['1e3', '1E-7', '-1e400', '1.', '.5', '01', '-00.5', '-', '+1', '0x10', '1_0', 'NaN', 'Infinity', '1 ', '٣', ''],
  ...['null', 'nul', 'nullx', 'true', 'false', '"7"', '""', '"\\u0041"', '"é"', '"a"b"', '[1]', '{}', '{"a":1}', '[]'],
]
const pieces = fc.oneof(
  fc.constantFrom(...words),
  fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', ' ', '\n', '\t', '"x":1,', ',"x":1', '},{', ',{}', '\ufeff'),
  fc.constantFrom('"2026-04-20T23:00:00Z"', '"2026-04-21T22:00:00Z"', '"2026-02-30T00:00:00Z"', '"rejected":true,'),
  fc.string({ unit: 'binary', maxLength: 3 }),
)

const change = fc.oneof(
  fc.record({ kind: fc.constant('splice' as const), at: fc.nat(), cut: fc.nat({ max: 8 }), put: pieces }),
  fc.record({ kind: fc.constant('byte' as const), at: fc.nat(), put: fc.nat({ max: 255 }) }),
  fc.record({ kind: fc.constant('value' as const), at: fc.nat(), put: fc.constantFrom(...words) }),
  fc.record({ kind: fc.constant('key' as const), at: fc.nat(), of: fc.nat() }),
  fc.record({ kind: fc.constant('swap' as const), at: fc.nat(), of: fc.nat() }),
  fc.record({ kind: fc.constant('copy' as const), at: fc.nat(), from: fc.nat(), bytes: fc.nat({ max: 120 }) }),
  fc.record({ kind: fc.constant('end' as const), at: fc.nat() }),
)
type Change = typeof change extends fc.Arbitrary<infer Each> ? Each : never

const members = /"[^"]*":(?:"[^"]*"|[^,{}[\]]*)/g

/**
 * Generates answers of JSON that were changed in up to three places: other bytes, values and keys, two members that have
 * changed places, a copied or cut piece. Some of them are still valid.
 */
export const mutatedBodies = (bodies: readonly Uint8Array[]): fc.Arbitrary<Buffer> =>
  fc
    .tuple(fc.constantFrom(...bodies), fc.array(change, { maxLength: 3 }))
    .map(([body, changes]) => Buffer.from(changes.reduce(changed, Buffer.from(body).toString('latin1')), 'latin1'))

/** A text in which each character stands for a byte. */
function changed(text: string, change: Change): string {
  if (text === '') return text
  const at = change.at % text.length
  const splice = (place: number, cut: number, put: string) => text.slice(0, place) + put + text.slice(place + cut)
  if (change.kind === 'splice') return splice(at, change.cut, Buffer.from(change.put).toString('latin1'))
  if (change.kind === 'byte') return splice(at, 1, String.fromCharCode(change.put))
  if (change.kind === 'end') return text.slice(0, at)
  if (change.kind === 'copy') {
    const from = change.from % text.length
    return splice(at, 0, text.slice(from, from + change.bytes))
  }
  const found = [...text.matchAll(members)]
  const one = found[change.at % found.length]
  if (one === undefined) return text
  const colon = one[0].indexOf('":') + 2
  if (change.kind === 'value') return splice(one.index + colon, one[0].length - colon, latin(change.put))
  const other = found[change.of % found.length] ?? one
  if (change.kind === 'key') {
    return splice(one.index, colon, other[0].slice(0, other[0].indexOf('":') + 2))
  }
  const [first, second] = one.index <= other.index ? [one, other] : [other, one]
  const between = text.slice(first.index + first[0].length, second.index)
  if (first === second) return text
  return splice(first.index, second.index + second[0].length - first.index, second[0] + between + first[0])
}

const latin = (put: string): string => Buffer.from(put).toString('latin1')
