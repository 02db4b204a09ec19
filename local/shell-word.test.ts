import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { shellWord } from './shell-word.ts'

test('a plain path stays as it is', () => expect(shellWord('/data/live-2_a.b')).toBe('/data/live-2_a.b'))

test('whatever needs it is quoted, so that a shell reads the same text', () => {
  const texts = ['', 'with space', "it's", '$HOME', 'a"b', '`id`', 'ä;ö', 'a\nb', '*']
  for (const text of texts) {
    expect(spawnSync('sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' }).stdout).toBe(text)
  }
})
