// Random records of any Avro schema of the project, and what can become of their bytes.
import type { Random } from '../integrity/random.ts'

type Avro =
  | string
  | Avro[]
  | { type: 'record'; fields: { name: string; type: Avro }[] }
  | { type: 'array'; items: Avro }
  | { type: 'map'; values: Avro }
  | { type: 'long'; logicalType: string }

/**
 * Returns a record. `ordinary`: all values are such as the columns of every table hold. Else some are as far off as a
 * producer can write them.
 */
export function randomRecord(schema: string, random: Random, ordinary: boolean): Record<string, unknown> {
  return randomValue(JSON.parse(schema) as Avro, random, ordinary ? ordinaryValues : anyValues) as Record<
    string,
    unknown
  >
}

interface Values {
  instant: (random: Random) => number
  int: (random: Random) => number
  long: (random: Random) => number
  double: (random: Random) => number
  text: (random: Random) => string
  name: (random: Random) => string
}

const hourMs = 3_600_000
const alphabet = ['a', 'Z', '_', ' ', '0', '"', '\\', '\u0000', '\t', 'é', '€', '😀', '\uffff']

const ordinaryValues: Values = {
  instant: (random) => hourMs * random.between(0, 1_000_000),
  int: (random) => random.between(0, 60_000),
  long: (random) => random.between(0, 60_000),
  double: (random) =>
    random.pick([0, 1, -1, 0.1, 1e21, 1e-7, Number.MAX_VALUE, 5e-324, random.between(-1e6, 1e6) / 100]),
  text: (random) => textOf(random, random.pick([0, 1, 5, 12, 63, 64, 65, 200])),
  name: (random) => `n${textOf(random, 4)}`,
}

const anyValues: Values = {
  instant: (random) =>
    random.pick([
      ...[() => ordinaryValues.instant(random), () => random.between(0, 4e12), () => random.between(-1e12, 0)],
      ...[0, -1, 1, 999, 4_294_967_295_000, 4_294_967_296_000, Date.UTC(2299, 11, 31), Date.UTC(2300, 0, 1)].map(
        constant,
      ),
      ...[8.64e15, 8.64e15 + 1, -8.64e15].map(constant),
    ])(),
  int: (random) => random.pick([-1, 0, 255, 256, 65_535, 65_536, -(2 ** 31), 2 ** 31 - 1, random.between(-1e9, 1e9)]),
  long: (random) =>
    random.pick([
      ...[0, -1, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 52, -(2 ** 52), -(2 ** 52) - 1],
      ...[2 ** 53 - 2, -(2 ** 53) + 2, random.between(-(2 ** 52), 2 ** 52), random.between(0, 300)],
    ]),
  double: (random) =>
    random.pick([-0, 0.1 + 0.2, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, bitsOf(random)]),
  text: ordinaryValues.text,
  name: (random) => random.pick(['', '0', '1', '12', 'a', 'b', '__proto__', 'constructor', textOf(random, 3)]),
}

const constant =
  <Value>(value: Value) =>
  (): Value =>
    value

const textOf = (random: Random, length: number): string =>
  Array.from({ length }, () => (random.between(0, 3) > 0 ? 'x' : random.pick(alphabet))).join('')

/** A double of random bits. */
function bitsOf(random: Random): number {
  const bits = new Uint32Array([random.between(0, 2 ** 32 - 1), random.between(0, 2 ** 32 - 1)])
  return new Float64Array(bits.buffer)[0] as number
}

function randomValue(avro: Avro, random: Random, values: Values): unknown {
  if (Array.isArray(avro))
    return randomValue(random.pick(avro), random, random.between(0, 9) > 0 ? ordinaryValues : values)
  if (typeof avro === 'object' && avro.type === 'record')
    return Object.fromEntries(
      avro.fields.map(({ name, type }) => [
        name,
        randomValue(type, random, random.between(0, 9) > 0 ? ordinaryValues : values),
      ]),
    )
  if (typeof avro === 'object' && avro.type === 'array')
    return Array.from({ length: countOf(random) }, () => randomValue(avro.items, random, values))
  if (typeof avro === 'object' && avro.type === 'map')
    return Object.fromEntries(
      Array.from({ length: countOf(random) }, () => [values.name(random), randomValue(avro.values, random, values)]),
    )
  if (typeof avro === 'object') return values.instant(random)
  switch (avro) {
    case 'null':
      return null
    case 'boolean':
      return random.between(0, 1) === 1
    case 'int':
      return values.int(random)
    case 'long':
      return values.long(random)
    case 'double':
      return values.double(random)
    case 'string':
      return values.text(random)
    default:
      throw new Error(`no values of ${avro} are made yet`)
  }
}

const countOf = (random: Random): number => random.pick([0, 0, 1, 2, 24, random.between(3, 70)])

/** Returns bytes that differ a little: changed, cut off, longer, or with an integer in more bytes than it needs. */
export function mutated(bytes: Buffer, random: Random): Buffer {
  const at = random.between(0, bytes.length - 1)
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
  const byte = bytes[at] as number
  switch (random.between(0, 6)) {
    case 0:
      return before
    case 1:
      return Buffer.concat([bytes, Buffer.of(random.between(0, 255))])
    case 2:
      return Buffer.concat([before, Buffer.of(random.between(0, 255)), after])
    case 3:
      return Buffer.concat([before, after.subarray(random.between(1, 9))])
    case 4:
      return Buffer.concat([before, Buffer.of(byte | 0x80, 0), after.subarray(1)])
    case 5:
      return Buffer.concat([before, Buffer.of(byte ^ (1 << random.between(0, 7))), after.subarray(1)])
    default:
      return Buffer.concat([before, Buffer.of(random.between(0, 255)), after.subarray(1)])
  }
}
