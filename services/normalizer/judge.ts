// Judges the answers of a batch, and guards each dataset's limit of refusals: past it the dataset is parked.
import { setImmediate } from 'node:timers/promises'
import type { StoredRaw } from '#core/explode-raw.ts'
import { parkedReason } from '#platform/kafka/dead-letter.ts'
import { dead, type Verdict } from '#platform/kafka/verdict.ts'
import { utcText } from '#platform/process/utc-text.ts'
import type { Parking } from '#schemas/generated/records.ts'
import type { ParkedDatasets } from './parked-datasets.ts'
import { counted, emptyTally, parkingLimit, pastLimit, type Tally } from './parking.ts'

const maxMessageChars = 500

/** @param normalize the verdict on one answer of the batch */
export type Judge = (batch: StoredRaw[], normalize: (raw: StoredRaw) => Verdict) => Promise<Verdict[]>

/**
 * Answers of a parked dataset are refused without a look. Parking is acknowledged before the verdict on the next answer
 * is given. May be repeated: an answer is counted once. Throws TransientError when Kafka does not take the parking.
 *
 * @param by who parks, for the record
 */
export function createJudge(
  { parked, park }: Pick<ParkedDatasets, 'parked' | 'park'>,
  by: string,
  limit = parkingLimit,
): Judge {
  const tallies = new Map<string, Tally>()
  const countedTo = new Map<number, number>()

  /** The parking of the answer's dataset when this verdict goes past its limit. */
  const count = ({ record, partition, offset }: StoredRaw, verdict: Verdict): Parking | undefined => {
    const { dataset, requestIdentity, fetchedAt } = record
    if (Number(offset) > (countedTo.get(partition) ?? -1)) {
      countedTo.set(partition, Number(offset))
      const reason = verdict.kind === 'dead' ? verdict.reason : undefined
      const answer = { requestIdentity, fetchedAt, reason }
      tallies.set(dataset, counted(tallies.get(dataset) ?? emptyTally, answer, limit))
    }
    const why = pastLimit(tallies.get(dataset) ?? emptyTally, limit)
    if (why === undefined || verdict.kind !== 'dead') return undefined
    const message = `${why}; the last: ${verdict.reason}: ${verdict.message}`.slice(0, maxMessageChars)
    return { dataset, parked: true, reason: verdict.reason, message, by, at: Date.now() }
  }

  return async (batch, normalize) => {
    const verdicts: Verdict[] = []
    for (const raw of batch) {
      const { dataset } = raw.record
      const parking = parked(dataset)
      if (parking) {
        tallies.delete(dataset)
        verdicts.push(dead(parkedReason, messageOf(parking), dataset))
        continue
      }
      const verdict = normalize(raw)
      verdicts.push(verdict)
      const past = count(raw, verdict)
      if (past) await park(past)
      // Heartbeats and health are answered between two answers, however many there are.
      await setImmediate()
    }
    return verdicts
  }
}

const messageOf = ({ dataset, at, message }: Parking): string => `${dataset} is parked since ${utcText(at)}: ${message}`
