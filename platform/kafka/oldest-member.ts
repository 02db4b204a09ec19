import { AssignerProtocol, type Assignment, type PartitionAssigner } from 'kafkajs'

const { MemberMetadata, MemberAssignment } = AssignerProtocol
const noData = Buffer.alloc(0)

/**
 * Assigns all partitions of a group to the member that was there first. The others stand by. For a service that must see
 * all of its topics together.
 * @param sinceMs when this member began, ms UTC
 */
export const oldestMember =
  (sinceMs: number): PartitionAssigner =>
  ({ cluster }) => ({
    name: 'OldestMember',
    version: 0,
    protocol: ({ topics }) => ({
      name: 'OldestMember',
      metadata: MemberMetadata.encode({ version: 0, topics, userData: Buffer.from(`${sinceMs}`) }),
    }),
    assign: async ({ members, topics }) => {
      const all: Assignment = Object.fromEntries(
        topics.map((topic) => [topic, cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId)]),
      )
      const [oldest] = members
        .map(({ memberId, memberMetadata }) => ({
          memberId,
          // Two that began at once are told apart by their ids.
          since: Number(MemberMetadata.decode(memberMetadata)?.userData),
        }))
        .toSorted((one, other) => one.since - other.since || one.memberId.localeCompare(other.memberId))
      return members.map(({ memberId }) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({
          ...{ version: 0, userData: noData },
          assignment: memberId === oldest?.memberId ? all : {},
        }),
      }))
    },
  })
