import { expect, test } from 'vitest'
import type { ToldState } from '#core/alerts/engine.ts'
import { type AlertState, alertStateSchema } from '#schemas/generated/records.ts'
import { avroType } from '../../test/support/encoded-records.ts'
import { alertRecords, toldState } from './alert-records.ts'

const state: ToldState = {
  ...{ ruleId: 'r', ruleVersion: 2, dataset: 'd', key: 'k', knownMs: 5_000, pieces: 3 },
  episodes: [{ onsetMs: 1_000, firedMs: 2_000, endsMs: null, isSilent: false, firingId: 'f' }],
}

const type = avroType(alertStateSchema)
const encode = { event: () => Buffer.alloc(0), state: (record: AlertState) => type.toBuffer(record) }

test('what was told is read as it was written, with how much of its answer was taken then', () => {
  const { pieces: _, ...older } = state
  for (const written of [state, older]) {
    const [record] = alertRecords({ transitions: [], states: [written] }, encode, 9_000)
    expect(record?.key).toBe('r/d/k')
    expect(toldState(type.fromBuffer(record?.value as Buffer) as AlertState)).toEqual(written)
  }
})
