import { expect, test } from 'vitest'
import type { PollerStatus } from '#operations/poller/status.ts'
import { hostNamed } from './resume.ts'

const asked = [
  ['jao.core.netPos', 'publicationtool.jao.eu'],
  ['jao-auctions.daily', 'api.jao.eu'],
].map(([dataset, host]) => ({ dataset, host }))
const status = { datasets: asked } as unknown as PollerStatus

test('a host is named by itself or by the source that asks there; another name is told with those there are', () => {
  expect(hostNamed(status, 'api.jao.eu')).toBe('api.jao.eu')
  expect(hostNamed(status, 'jao-auctions')).toBe('api.jao.eu')
  expect(hostNamed(status, 'jao')).toBe('publicationtool.jao.eu')
  expect(() => hostNamed(status, 'api.jao.ue')).toThrow(
    'There is no host or source api.jao.ue; there is: api.jao.eu, publicationtool.jao.eu.',
  )
})
