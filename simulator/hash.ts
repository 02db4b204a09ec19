/** Returns a 32-bit hash of a text (FNV-1a). */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return hash >>> 0
}

/** Returns a pseudo-random 32-bit number for its arguments (murmur3). It does not depend on earlier calls. */
export function mix(a: number, b: number, c = 0, d = 0): number {
  return finish(absorb(absorb(absorb(absorb(0x9747b28c, a), b), c), d))
}

/** Like `mix`, but a number in [0, 1). */
export function mixFraction(a: number, b: number, c = 0, d = 0): number {
  return mix(a, b, c, d) / 0x1_0000_0000
}

function absorb(state: number, word: number): number {
  let mixed = Math.imul(word, 0xcc9e2d51)
  mixed = Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593)
  const hash = state ^ mixed
  return (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
}

function finish(state: number): number {
  let hash = state
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
