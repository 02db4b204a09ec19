import { AssignerProtocol, type PartitionAssigner } from 'kafkajs'

const name = 'same-number-together'
const version = 0

/** Assigns partition n of every topic to the same member. All members of a group must use this assigner. */
export const coPartitionedAssigner: PartitionAssigner = ({ cluster }) => ({
  name,
  version,
  protocol: ({ topics }) => ({ name, metadata: AssignerProtocol.MemberMetadata.encode(metadataOf(topics)) }),
  assign: async ({ members, topics }) => {
    const numbers = new Map(
      topics.map((topic) => [topic, cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId)]),
    )
    const all = [...new Set([...numbers.values()].flat())]
    const shares = divide(
      all,
      members.map(({ memberId }) => memberId),
    )
    return [...shares].map(([memberId, share]) => {
      const assignment = Object.fromEntries(
        topics.map((topic) => [topic, share.filter((number) => numbers.get(topic)?.includes(number))]),
      )
      const memberAssignment = AssignerProtocol.MemberAssignment.encode({
        version,
        assignment,
        userData: Buffer.alloc(0),
      })
      return { memberId, memberAssignment }
    })
  },
})

/** Divides partitions among members. The members' numbers of partitions differ by at most one. Pure. */
export function divide(partitions: readonly number[], members: readonly string[]): Map<string, number[]> {
  const sorted = [...members].sort()
  const shares = new Map<string, number[]>(sorted.map((member) => [member, []]))
  ;[...partitions]
    .sort((one, other) => one - other)
    .forEach((partition, index) => {
      const member = sorted[index % sorted.length]
      if (member !== undefined) shares.get(member)?.push(partition)
    })
  return shares
}

const metadataOf = (topics: string[]) => ({ version, topics, userData: Buffer.alloc(0) })
