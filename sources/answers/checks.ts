import type { Check, Columns, Slice, Window } from '../source.ts'

/** Flags that any dataset may use. They are explained in docs/queries.md. No check may have them. */
export const commonFlags: readonly string[] = ['implausible', 'step-changed', 'unreadable']

/** The flags of an answer's values: by column, then by row. Columns and rows without a flag are absent. */
export type RowFlags = ReadonlyMap<string, ReadonlyMap<number, readonly string[]>>

/** Applies the checks to the columns of an answer. Flags are in the order of the checks. */
export function contradictions(checks: readonly Check[], columns: Columns, window: Window): RowFlags {
  const found = new Map<string, Map<number, string[]>>()
  for (const { flag, find } of checks) {
    const mark = (column: string, row: number): void => {
      const ofColumn = found.get(column) ?? new Map<number, string[]>()
      const flags = ofColumn.get(row) ?? []
      if (!flags.includes(flag)) flags.push(flag)
      found.set(column, ofColumn.set(row, flags))
    }
    find(columns, mark, window)
  }
  return found
}

/** Names of two columns whose values are compared row by row. */
export type ColumnPair = readonly [first: string, second: string]

/** Makes a check of pairs of columns. A pair is not compared where one of its columns is absent or null. */
export function pairCheck(
  flag: string,
  text: string,
  pairsIn: (columns: Columns) => Iterable<ColumnPair>,
  contradict: (first: number, second: number) => boolean,
): Check {
  return {
    flag,
    text,
    find: (columns, mark) => {
      for (const [first, second] of pairsIn(columns)) {
        const ones = columns.get(first)
        const others = columns.get(second)
        if (ones === undefined || others === undefined) continue
        for (let row = 0; row < ones.length; row++) {
          const one = ones[row] ?? null
          const other = others[row] ?? null
          if (one === null || other === null || !contradict(one, other)) continue
          mark(first, row)
          mark(second, row)
        }
      }
    },
  }
}

export const isAbove = (first: number, second: number): boolean => first > second

/** Cuts a slice where the flags of its steps change. Each part has the flags of the slice and those of its steps. */
export function sliceByFlags(slice: Slice, flagsOfSteps: ReadonlyMap<number, readonly string[]> | undefined): Slice[] {
  if (flagsOfSteps === undefined) return [slice]
  const { startMs, stepS, values, flags } = slice
  const flagsAt = (step: number): readonly string[] => flagsOfSteps.get(step) ?? []
  const parts: Slice[] = []
  let first = 0
  for (let end = 1; end <= values.length; end++) {
    if (end < values.length && flagsAt(end).join() === flagsAt(first).join()) continue
    parts.push({
      ...slice,
      startMs: startMs + first * stepS * 1000,
      values: values.slice(first, end),
      flags: [...flags, ...flagsAt(first)],
    })
    first = end
  }
  return parts
}
