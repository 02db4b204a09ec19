const decimal = /^-?(0|[1-9]\d{0,29})(\.\d{1,30})?(?:[eE][+-]?\d{1,3})?$/
const digits = /^(?:0|[1-9]\d{0,15})$/

/** Returns the Float64 of a decimal text or number. Undefined for anything else: '', ' 1', 'NaN', '0x10', '1e999'. */
export function decimalValue(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : undefined
  const [, whole, fraction = ''] = (typeof value === 'string' && decimal.exec(value)) || []
  if (whole === undefined) return undefined
  const number = Number(value)
  const isLost = number === 0 && /[1-9]/.test(whole + fraction)
  // Turns -0 into 0, because the store and JSON do not keep -0.
  return Number.isFinite(number) && !isLost ? number + 0 : undefined
}

export function countValue(value: unknown): number | undefined {
  const number = typeof value === 'string' && digits.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number + 0 : undefined
}

/** Reads a figure with `read`. A blank text becomes null with the flag `unreadable`. Undefined if `read` rejects it. */
export function figureOf(
  found: unknown,
  read: (value: unknown) => number | undefined = decimalValue,
): { value: number | null; flags: string[] } | undefined {
  if (found === null) return { value: null, flags: [] }
  if (typeof found === 'string' && found.trim() === '') return { value: null, flags: ['unreadable'] }
  const value = read(found)
  return value === undefined ? undefined : { value, flags: [] }
}
