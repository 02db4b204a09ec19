import { expect, test } from 'vitest'
import type { StackFile } from '#local/stack-file.ts'
import { waitForPollerStatus } from '#operations/poller/status.ts'
import { pollerStatus } from './poller-status.ts'

test('a poller that stays away is a sentence with what to ask, for this very stack', async () => {
  // Nothing listens on port 1.
  const endpoints = { health: { poller: 'http://127.0.0.1:1' } } as unknown as StackFile['endpoints']
  const look = () => pollerStatus({ dataDir: '/my data', endpoints })
  await expect(waitForPollerStatus(look, 300, () => {})).rejects.toThrow(
    /^The poller at http:.+\/status does not answer: `npx tidemark status --data '\/my data'` shows its state\.$/,
  )
})
