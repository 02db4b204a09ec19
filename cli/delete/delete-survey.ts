import { type ConcernedRecords, concernedRecords } from '#operations/history/deleted-records.ts'
import { ownTables } from '#operations/history/deletion.ts'
import { type Bound, type DeletedRows, keysWithoutPoints, rowsBefore } from '#platform/clickhouse/deletions.ts'
import type { Source } from '#sources/source.ts'
import type { StackClients } from '../stack-clients.ts'

/** What a deletion concerns, before it or as it was found. */
export interface DeletionSurvey {
  rows: DeletedRows[]
  topics: ConcernedRecords[]
  /** Keys that lose their meaning: no point of theirs is left. */
  keysWithoutPoints: number
}

/** Looks at the store and the source's topics; writes nothing. */
export async function survey(
  { store, kafka, registry }: StackClients,
  source: Source,
  bound: Bound,
  progress: (topic: string, read: number, of: number) => void,
): Promise<DeletionSurvey> {
  const rows = await rowsBefore(store, bound, ownTables(source, bound.dataset))
  const keys = await keysWithoutPoints(store, bound)
  return {
    rows,
    topics: await concernedRecords({ kafka, registry }, source, bound, progress),
    keysWithoutPoints: keys.length,
  }
}

/** The survey for people, as what would be done or what was. */
export function surveyLines(
  { rows, topics, keysWithoutPoints }: DeletionSurvey,
  as: 'plan' | 'done' = 'plan',
): string[] {
  const done = as === 'done'
  const count = (n: number): string => n.toLocaleString('en')
  const concerned = topics.filter(({ cuttable, remaining }) => cuttable + remaining > 0)
  return [
    done ? 'Rows that were removed' : 'Rows',
    ...(rows.length === 0 ? ['  none'] : []),
    ...rows.map(({ year, ...tables }) => {
      const each = Object.entries(tables).filter(([, rows]) => rows > 0)
      return `  ${year}  ${each.map(([table, rows]) => `${table} ${count(rows)}`).join('  ')}`
    }),
    ...(keysWithoutPoints > 0 ? [`  series ${count(keysWithoutPoints)}: keys of which no point is left`] : []),
    'Records on topics',
    ...(concerned.length === 0 ? ['  none'] : []),
    ...concerned.flatMap(({ topic, partition, cuttable, remaining, keptMs }) => [
      `  ${topic} partition ${partition}: ${count(cuttable)} at the front ${done ? 'were cut' : 'can be cut'}`,
      ...(remaining > 0 ? [`    ${count(remaining)} behind records that are kept remain, ${untilWhen(keptMs)}`] : []),
    ]),
  ]
}

const dayMs = 24 * 60 * 60 * 1_000

/** How long records stay that Kafka cannot cut yet. Pure. */
export function untilWhen(keptMs: number | null): string {
  if (keptMs === null) return 'for ever: until the retention is shortened or the records before them go'
  return `until ${Math.round(keptMs / dayMs)} days after each was written, or the records before them go`
}
