const decimal = /^-?(?:0|[1-9]\d{0,29})(?:\.\d{1,30})?$/

/**
 * The Float64 nearest to a decimal text ("27712.10000"): rounded once, here. Undefined for anything else, so also for
 * '', ' 1', 'NaN', '0x10', '1e5', '.5' and texts of more digits than any exchange has.
 */
export function decimalValue(text: unknown): number | undefined {
  if (typeof text !== 'string' || !decimal.test(text)) return undefined
  // No -0: the store and JSON would not give it back.
  return Number(text) + 0
}

/** A number of things that JSON gives as a number; undefined for anything else. */
export function countValue(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value + 0 : undefined
}
