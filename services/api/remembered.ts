// Answers of the store that many requests need, and that may be a moment old.

/** Returns a function that calls `read` at most once in `forMs`, also when it is called at the same time. */
export function remembered<T>(forMs: number, read: () => Promise<T>): () => Promise<T> {
  let value: Promise<T> | undefined
  let readAtMs = 0
  return () => {
    if (value !== undefined && performance.now() - readAtMs < forMs) return value
    readAtMs = performance.now()
    value = read()
    value.catch(() => {
      value = undefined
    })
    return value
  }
}

/** Like `remembered`, with a value for each name. */
export function rememberedByName<T>(forMs: number, read: (name: string) => Promise<T>): (name: string) => Promise<T> {
  const readers = new Map<string, () => Promise<T>>()
  return (name) => {
    const reader = readers.get(name) ?? remembered(forMs, () => read(name))
    readers.set(name, reader)
    return reader()
  }
}
