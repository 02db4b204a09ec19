import kafkajs, { type Admin } from 'kafkajs'
import { type Kafka, withAdmin } from './client.ts'
import { committedOffsets, consumerLag, type Offsets } from './consumer-lag.ts'

export interface TopicContent {
  topic: string
  /** Number of offsets from the first to the last record. A compacted topic has fewer records. */
  records: number
}

export interface TopicReader {
  group: string
  topic: string
  state: string
  members: number
  /** Number of records that the group has not committed. If it commits no offsets, this is all records of the topic. */
  behind: number
}

/** Returns the sizes of topics and the consumer groups that read them. Skips topics that do not exist. */
export async function inspectTopics(
  kafka: Kafka,
  topics: readonly string[],
): Promise<{ contents: TopicContent[]; readers: TopicReader[] }> {
  return withAdmin(kafka, async (admin) => {
    const existing = new Set(await admin.listTopics())
    const offsets = new Map<string, Offsets[]>()
    for (const topic of topics) if (existing.has(topic)) offsets.set(topic, await admin.fetchTopicOffsets(topic))
    const contents = [...offsets].map(([topic, ends]) => ({ topic, records: consumerLag(ends, new Map()) }))
    return { contents, readers: await readersOf(admin, offsets) }
  })
}

async function readersOf(admin: Admin, offsets: ReadonlyMap<string, Offsets[]>): Promise<TopicReader[]> {
  const listed = (await admin.listGroups()).groups.filter(({ protocolType }) => ['consumer', ''].includes(protocolType))
  if (listed.length === 0 || offsets.size === 0) return []
  const { groups } = await admin.describeGroups(listed.map(({ groupId }) => groupId))
  const readers: TopicReader[] = []
  for (const { groupId: group, state, members } of groups) {
    const assigned = new Set(members.flatMap(({ memberAssignment }) => topicsIn(memberAssignment)))
    const committed = await admin.fetchOffsets({ groupId: group, topics: [...offsets.keys()] })
    for (const { topic, partitions } of committed) {
      const done = committedOffsets(partitions)
      if (!assigned.has(topic) && [...done.values()].every((offset) => offset < 0)) continue
      const left = consumerLag(offsets.get(topic) ?? [], done)
      readers.push({ group, topic, state, members: members.length, behind: left })
    }
  }
  return readers.toSorted((one, other) => (one.group < other.group ? -1 : 1))
}

/** Returns the topics of a member's assignment. Returns [] if the bytes are not in Kafka's consumer protocol. */
function topicsIn(assignment: Buffer): string[] {
  try {
    return Object.keys(kafkajs.AssignerProtocol.MemberAssignment.decode(assignment)?.assignment ?? {})
  } catch {
    return []
  }
}
