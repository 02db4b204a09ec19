// Votes by column: the vote with index i is the i-th value of every column.

export interface VoteColumns {
  ids: number[]
  postIds: (number | null)[]
  voteTypeIds: (number | null)[]
  /** Times of creation, ms UTC. */
  creationDates: number[]
  userIds: (number | null)[]
  bountyAmounts: (number | null)[]
}

export const emptyColumns = (): VoteColumns => ({
  ids: [],
  postIds: [],
  voteTypeIds: [],
  creationDates: [],
  userIds: [],
  bountyAmounts: [],
})

/** Keeps the last vote of each Id, in the order of these votes. Returns `columns` itself if no Id repeats. */
export function lastOfEach(columns: VoteColumns): VoteColumns {
  const { ids } = columns
  if (isAscending(ids)) return columns
  const last = new Map(ids.map((id, index) => [id, index]))
  if (last.size === ids.length) return columns
  const kept = [...last.values()].sort((one, other) => one - other)
  const pick = <Value>(column: Value[]): Value[] => kept.map((index) => column[index] as Value)
  return {
    ids: pick(ids),
    postIds: pick(columns.postIds),
    voteTypeIds: pick(columns.voteTypeIds),
    creationDates: pick(columns.creationDates),
    userIds: pick(columns.userIds),
    bountyAmounts: pick(columns.bountyAmounts),
  }
}

function isAscending(ids: number[]): boolean {
  for (let index = 1; index < ids.length; index++) {
    if ((ids[index] as number) <= (ids[index - 1] as number)) return false
  }
  return true
}
