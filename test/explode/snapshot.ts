// Hashes of explode's results at the current transform version, and their comparison with those of another time.
import { createHash } from 'node:crypto'
import { type ExplodedAnswer, explodeRaw } from '#core/explode-raw.ts'
import { requestIdentity } from '#core/request-identity.ts'
import type { Dataset } from '#sources/source.ts'
import { rawResponse } from '../support/raw-responses.ts'
import type { NamedAnswer } from './answers.ts'

export interface DatasetSnapshot {
  transformVersion: number
  /** The flags of the dataset's checks. Absent if it has none. */
  checks?: string[]
  /** Hashes by name of an answer. `answer`: of window, status, bytes and selector. `explosion`: of explode's result. */
  answers: Record<string, { answer: string; explosion: string }>
}

export type Snapshot = Record<string, DatasetSnapshot>

export function takeSnapshot(datasets: readonly Dataset[], answers: readonly NamedAnswer[]): Snapshot {
  const byName = new Map(datasets.map((dataset) => [dataset.name, dataset]))
  return Object.fromEntries(
    datasets.map(({ name, transformVersion, checks = [] }) => {
      const own = answers.filter(({ dataset }) => dataset === name)
      const hashes = own.map((named) => [named.name, hashesOf(named, byName)])
      const flags = checks.length === 0 ? {} : { checks: checks.map(({ flag }) => flag) }
      return [name, { transformVersion, ...flags, answers: Object.fromEntries(hashes) }]
    }),
  )
}

export interface Comparison {
  /** One sentence per violation. With a violation, the new snapshot must not be written. */
  broken: string[]
  next: Snapshot
}

/**
 * Compares snapshots. A result or a check may change only with a greater transform version. Answers may be added or replaced, but
 * not removed, unless `absent` lists them as missing on this machine. Pure.
 */
export function compareSnapshots(kept: Snapshot, now: Snapshot, absent: ReadonlySet<string>): Comparison {
  const names = new Set([...Object.keys(kept), ...Object.keys(now)])
  const broken = [...names].flatMap((name) => brokenOf(name, kept[name], now[name], absent))
  const next = Object.entries(now).map(([name, { answers, ...declared }]) => {
    const before = kept[name]
    const unchecked = Object.entries(before?.transformVersion === declared.transformVersion ? before.answers : {})
    const held = unchecked.filter(([answer]) => absent.has(answer))
    return [name, { ...declared, answers: { ...Object.fromEntries(held), ...answers } }]
  })
  return { broken, next: Object.fromEntries(next) }
}

function brokenOf(
  name: string,
  kept: DatasetSnapshot | undefined,
  now: DatasetSnapshot | undefined,
  absent: ReadonlySet<string>,
): string[] {
  if (now === undefined) return [`the dataset ${name} is gone: ${ifMeant}`]
  if (Object.keys(now.answers).length === 0) return [`there is no answer of ${name}: add one to test/explode`]
  if (kept === undefined) return []
  const { transformVersion } = now
  const sentences: string[] = []
  const gone = Object.keys(kept.answers).filter((answer) => !(answer in now.answers) && !absent.has(answer))
  if (gone.length > 0) sentences.push(`answers of ${name} are gone from test/explode: ${gone.join(', ')}: ${ifMeant}`)
  if (transformVersion < kept.transformVersion) {
    sentences.push(`the transformVersion of ${name} went down from ${kept.transformVersion} to ${transformVersion}`)
  }
  const [checks, before] = [now, kept].map((each) => each.checks?.join(', ') ?? 'none')
  if (checks !== before && transformVersion === kept.transformVersion) {
    sentences.push(
      `the checks of ${name} are now ${checks}, before ${before}, though its transformVersion is still ${transformVersion}: raise it in its source and run \`npm run generate\`; after the release \`npx tidemark replay ${name}\` flags what is stored`,
    )
  }
  const changed = Object.entries(now.answers).filter(([answer, { answer: bytes, explosion }]) => {
    const before = kept.answers[answer]
    return before !== undefined && before.answer === bytes && before.explosion !== explosion
  })
  if (changed.length > 0 && transformVersion === kept.transformVersion) {
    const which = changed.map(([answer]) => answer).join(', ')
    sentences.push(
      `explode of ${name} changed its output for ${which}, though its transformVersion is still ${transformVersion}: raise it in its source and run \`npm run generate\``,
    )
  }
  return sentences
}

const ifMeant =
  'bring that back or, if it is meant, take its lines out of test/explode/generated/explosions.json by hand'

function hashesOf({ dataset, answer }: NamedAnswer, datasets: ReadonlyMap<string, Dataset>) {
  const { window, status, selector = null } = answer
  const told = { dataset, status, requestIdentity: requestIdentity(dataset, window, selector) }
  const record = rawResponse(window, Buffer.from(answer.body), 1_000, told)
  const exploded = explodeRaw({ record, partition: 0, offset: '0' }, datasets)
  // The hash omits transform version and identity, and of a refusal all but the reason.
  const output = 'refusal' in exploded ? { refused: exploded.refusal.reason } : outputOf(exploded)
  const asked = selector === null ? [] : [selector]
  return { answer: sha256([window, status, record.contentHash, ...asked]), explosion: sha256(output) }
}

function outputOf({ slices, records }: ExplodedAnswer): unknown {
  const told = slices.map(({ transformVersion: _, identity: __, ...slice }) => slice).toSorted(byKeyAndStart)
  const own = records.map(({ record: { transformVersion: _, ...record }, ...rest }) => ({ ...rest, record }))
  return own.length === 0 ? told : { slices: told, records: own }
}

const byKeyAndStart = (one: { key: string; start: number }, other: { key: string; start: number }): number =>
  one.key < other.key ? -1 : one.key > other.key ? 1 : one.start - other.start

const sha256 = (value: unknown): string => createHash('sha256').update(JSON.stringify(value, canonical)).digest('hex')

/** A JSON replacer: sorts the keys of objects, and writes NaN, infinities and -0 as text. */
function canonical(_name: string, value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0) ? value : `number ${value}`
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)))
}
