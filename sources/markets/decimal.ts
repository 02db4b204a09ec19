const decimal = /^-?(0|[1-9]\d{0,29})(\.\d{1,30})?(?:[eE][+-]?\d{1,3})?$/
const digits = /^(?:0|[1-9]\d{0,15})$/

/**
 * The Float64 nearest to a decimal text ("27712.10000", "-1E-05"), rounded once, here, or a number as JSON has it.
 * Undefined for anything else, so also for '', ' 1', 'NaN', '0x10', '1,5', '.5', texts of more digits than any exchange
 * has, and what is beyond all numbers: '1e999', and '1e-999', which is not 0.
 */
export function decimalValue(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : undefined
  const [, whole, fraction = ''] = (typeof value === 'string' && decimal.exec(value)) || []
  if (whole === undefined) return undefined
  const number = Number(value)
  const isLost = number === 0 && /[1-9]/.test(whole + fraction)
  // No -0: the store and JSON would not give it back.
  return Number.isFinite(number) && !isLost ? number + 0 : undefined
}

/** A number of things, as JSON has it or as a text of digits; undefined for anything else. */
export function countValue(value: unknown): number | undefined {
  const number = typeof value === 'string' && digits.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number + 0 : undefined
}

/** What stands in the place of a number: a value, null also with the flag `unreadable` for an empty text; undefined: neither. */
export function figureOf(
  found: unknown,
  read: (value: unknown) => number | undefined = decimalValue,
): { value: number | null; flags: string[] } | undefined {
  if (found === null) return { value: null, flags: [] }
  if (typeof found === 'string' && found.trim() === '') return { value: null, flags: ['unreadable'] }
  const value = read(found)
  return value === undefined ? undefined : { value, flags: [] }
}
