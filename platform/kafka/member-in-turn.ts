import { AssignerProtocol, type Assignment, type PartitionAssigner } from 'kafkajs'

const { MemberMetadata, MemberAssignment } = AssignerProtocol
const noData = Buffer.alloc(0)

/** Which member of a group gets all of its partitions. */
export interface Turn {
  /** A whole number from 0 on. Of the members in order of their age, it chooses the one at this place, counted round. */
  place: number
  /** When this process began, ms UTC. The same in all groups of the process, so that members have the same order in them. */
  sinceMs: number
}

/**
 * Assigns all partitions of a group to one member. For a service that must see topics together. Its processes share the
 * work by one group for each share, with the places 0, 1, 2 and so on. Those above the number of shares stand by.
 */
export const memberInTurn =
  ({ place, sinceMs }: Turn): PartitionAssigner =>
  ({ cluster }) => ({
    name: 'MemberInTurn',
    version: 0,
    protocol: ({ topics }) => ({
      name: 'MemberInTurn',
      metadata: MemberMetadata.encode({ version: 0, topics, userData: Buffer.from(`${sinceMs}`) }),
    }),
    assign: async ({ members, topics }) => {
      const all: Assignment = Object.fromEntries(
        topics.map((topic) => [topic, cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId)]),
      )
      const inOrder = members
        .map(({ memberId, memberMetadata }) => ({
          memberId,
          // Two that began at once are told apart by their ids.
          since: Number(MemberMetadata.decode(memberMetadata)?.userData),
        }))
        .toSorted((one, other) => one.since - other.since || one.memberId.localeCompare(other.memberId))
      const chosen = inOrder[place % inOrder.length]
      return members.map(({ memberId }) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({
          ...{ version: 0, userData: noData },
          assignment: memberId === chosen?.memberId ? all : {},
        }),
      }))
    },
  })
