/** How many records are read at the same time. */
const atOnce = 4

/**
 * Reads the records of places in their order, a few at a time, as long as their bodies have at most `maxBytes` together.
 * Returns undefined, and reads no further, once they have more. One record alone is returned whatever its size.
 * @throws the first error of `read`
 */
export async function readWithin<Place, Stored extends { body: Uint8Array }>(
  places: readonly Place[],
  read: (place: Place) => Promise<Stored>,
  maxBytes: number,
): Promise<Stored[] | undefined> {
  const found: Stored[] = []
  let bytes = 0
  for (let from = 0; from < places.length; from += atOnce) {
    const some = await Promise.all(places.slice(from, from + atOnce).map(read))
    for (const { body } of some) bytes += body.length
    if (bytes > maxBytes && places.length > 1) return undefined
    found.push(...some)
  }
  return found
}
