// The list of moments is held against the code that names them, and against the test that kills at each.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { moments } from '#platform/process/moments.ts'
import { crashPoints } from '../support/crash-points.ts'

const project = join(import.meta.dirname, '../..')

const files = globSync('{cli,core,infra,local,operations,platform,schemas,services,simulator,sources}/**/*.{ts,mjs}', {
  cwd: project,
}).filter((file) => !file.endsWith('.test.ts') && file !== 'platform/process/moments.ts')

const texts = new Map(files.map((file) => [file, readFileSync(join(project, file), 'utf8')]))

/** The names in a call: a condition may stand between two. */
const namesIn = (call: string): string[] => [...call.matchAll(/'([^']+)'/g)].map(([, name = '']) => name)

const calls = [...texts].flatMap(([file, text]) =>
  [...text.matchAll(/\bmoment\(([^)]*)\)/g)].flatMap(([, call = '']) => namesIn(call).map((name) => ({ file, name }))),
)

test('each moment of the list is named once, where it is', () => {
  const places = calls.map(({ file, name }) => `${file}: ${name}`)
  expect(places.toSorted()).toEqual([
    'platform/kafka/consume.ts: offset-committed',
    'platform/kafka/consume.ts: outputs-acknowledged',
    'platform/kafka/consume.ts: outputs-made',
    'platform/kafka/consume.ts: outputs-partly-acknowledged',
    'services/alerter/send-loop.ts: attempt-begins',
    'services/alerter/send-loop.ts: attempt-made',
    'services/alerter/send-loop.ts: endpoint-disabled',
    'services/alerter/send-loop.ts: outcome-acknowledged',
  ])
  expect(calls.map(({ name }) => name).toSorted()).toEqual(Object.keys(moments).toSorted())
})

test('the alerter is killed at each moment of the list', () => {
  expect([...new Set(crashPoints.map(({ moment }) => moment))].toSorted()).toEqual(Object.keys(moments).toSorted())
})

test('the product has no listener, and does not know who kills it', () => {
  const knowing = [...texts].filter(([, text]) => /diagnostics_channel|tidemark\.moment|DIE_AT/.test(text))
  expect(knowing.map(([file]) => file)).toEqual([])
})
