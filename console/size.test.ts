import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'

const built = new URL('built/', import.meta.url)

test('the first page needs at most 100 kB of JavaScript, and nothing from elsewhere', () => {
  expect(existsSync(built), 'run `npm run setup` first').toBe(true)
  const page = readFileSync(new URL('index.html', built), 'utf8')
  const scripts = [...page.matchAll(/(?:src|href)="([^"]+\.js)"/g)].map(([, path = '']) => path)
  expect(scripts.length).toBeGreaterThan(0)
  const sizes = scripts.map((path) => gzipSync(readFileSync(new URL(`.${path}`, built))).length)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(100_000)
  expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
  for (const file of readdirSync(new URL('assets/', built)).filter((name) => name.endsWith('.css')))
    expect(readFileSync(new URL(`assets/${file}`, built), 'utf8')).not.toMatch(/url\((?!data:)|@import/)
})
