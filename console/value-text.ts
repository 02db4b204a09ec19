const number = new Intl.NumberFormat('en-US', { maximumFractionDigits: 6, useGrouping: false })

/** A value as text; null is a word, never 0. */
export const valueText = (value: number | null): string => (value === null ? 'no value' : number.format(value))

const shortNumber = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3, useGrouping: false })

/** A figure that only says how large something is: three significant digits. */
export const shortText = (value: number): string => shortNumber.format(value)
