// Compares the number of points that an accepted answer has with the number of its rows. Pure.

/** A content of an answer, as its greatest transform version read it. Equal content hashes are one content. */
export interface AnswerContent {
  transformVersion: number
  /** Number of points that the content names, each once. */
  points: number
  /** False for ticks and files, and for a refused part of an answer that was sent back. */
  replaces: boolean
  partition: number
  offset: number
}

/** Number of rows whose newest transform version is `transformVersion`. */
export interface StoredRows {
  transformVersion: number
  rows: number
}

/** Numbers of points: expected = found + missing, as long as no row is in excess. */
export interface PointBalance {
  expected: number
  /** Rows of the version that was accepted, or of a newer one. */
  found: number
  missing: number
  /** Rows that no accepted answer names: those of an older version, and those in excess. */
  surplus: number
}

/**
 * Compares the contents that were accepted for one (dataset, identity, known_at) with the rows of the same.
 *
 * - One content, as almost always: it must have a row for each of its points. A row of a newer version counts, because
 *   a replay stores its points before its answer. A row of an older version does not count.
 * - Several contents: the answer, and refused parts of it that were sent back. A part may name points of its answer
 *   again, and a point has one row. So the number is only known between two limits. The rows of each version and of
 *   newer ones must be at least those of the largest content of these versions, and of all parts of one version: parts
 *   do not overlap. A part counts only if its version is newer than that of its answer, because an answer of the same
 *   version names what the part names. There may be at most the sum of all contents.
 */
export function balanceOf(contents: readonly AnswerContent[], stored: readonly StoredRows[]): PointBalance {
  const rowsSince = (version: number): number =>
    sum(stored.filter(({ transformVersion }) => transformVersion >= version).map(({ rows }) => rows))
  const versions = [...new Set(contents.map(({ transformVersion }) => transformVersion))]
  const found = rowsSince(Math.min(...versions))
  const most = sum(contents.map(({ points }) => points))
  const lacks = versions.map((version) => leastPoints(contents, version) - rowsSince(version))
  const missing = Math.max(0, ...lacks)
  return {
    expected: missing > 0 ? found + missing : Math.min(found, most),
    ...{ found, missing },
    surplus: rowsSince(0) - found + Math.max(0, found - most),
  }
}

/** Returns the least number of points that the contents of `version` and of newer versions have together. */
function leastPoints(contents: readonly AnswerContent[], version: number): number {
  const whole = contents.reduce((first, other) => (isBefore(other, first) ? other : first))
  const newer = contents.filter(({ transformVersion }) => transformVersion >= version)
  const parts = newer.filter(({ replaces, transformVersion }) => !replaces && transformVersion > whole.transformVersion)
  const partsByVersion = Map.groupBy(parts, ({ transformVersion }) => transformVersion)
  const ofParts = [...partsByVersion.values()].map((same) => sum(same.map(({ points }) => points)))
  return Math.max(...newer.map(({ points }) => points), ...ofParts)
}

/** A part is sent back to the partition of its answer, so it lies behind it. */
const isBefore = (one: AnswerContent, other: AnswerContent): boolean =>
  one.partition < other.partition || (one.partition === other.partition && one.offset < other.offset)

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)
