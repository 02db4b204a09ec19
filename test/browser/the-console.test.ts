// The console in a real Chromium, on the real chain: what a trader sees of an answer, its revision and its bytes.
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { addDays, businessDay, dayAt } from '#core/business-day.ts'
import { requestIdentity } from '#core/request-identity.ts'
import { insert } from '#platform/clickhouse/client.ts'
import { type RawResponse, rawResponseSchema } from '#schemas/generated/records.ts'
import { consolePages } from '#services/api/console.ts'
import { type RunningApi, startApi } from '../integrity/api-parts.ts'
import { type Chain, dataset, startChain } from '../integrity/whole-chain.ts'
import { insertSlices, slice } from '../store/slices.ts'
import { openPage, startBrowser, violationsOf } from '../support/chromium.ts'
import { rawResponse } from '../support/raw-responses.ts'

vi.setConfig({ testTimeout: 180_000 })

const hourMs = 3_600_000
const zones = ['Europe/Brussels', 'UTC', 'America/New_York', 'Australia/Lord_Howe']
const zone = 'Europe/Brussels'
const key = 'border_AT_BE'
const name = `${dataset}/${key}`

let chain: Chain
let api: RunningApi
let browser: Browser | undefined

beforeAll(async () => {
  chain = await startChain()
  const encode = await chain.registry.encoder('jao.raw', rawResponseSchema)
  const answers = [
    dayAnswer('2025-10-26', '2025-10-25T09:00:00Z', (hour) => hour * 10),
    dayAnswer('2025-03-30', '2025-03-29T09:00:00Z', (hour) => 500 + hour),
    dayAnswer('2025-10-27', '2025-10-26T09:00:00Z', (hour) => (hour === 5 ? null : 100)),
    dayAnswer('2025-10-27', '2025-10-26T10:00:00Z', (hour) => (hour < 2 ? 130 + hour : hour === 5 ? null : 100)),
    dayAnswer('2025-10-29', '2025-10-28T09:00:00Z', () => 5, 'border_AT_DE'),
    dayAnswer('2025-10-29', '2025-10-28T10:00:00Z', (hour) => (hour === 0 ? 9 : 5)),
  ]
  for (const answer of answers)
    await chain.producer.send('jao.raw', [{ key: answer.requestIdentity, value: encode(answer) }])
  await chain.settled()
  api = await startApi(chain)
  browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  await chain?.stop()
})

/** A day's answer in upstream's form, with one border, or with another beside it that has the same values. */
function dayAnswer(day: string, knownAt: string, value: (hour: number) => number | null, beside?: string): RawResponse {
  const { window } = businessDay(zone, day)
  const rows = Array.from({ length: (window.endMs - window.startMs) / hourMs }, (_, hour) => ({
    dateTimeUtc: new Date(window.startMs + hour * hourMs).toISOString(),
    [key]: value(hour),
    ...(beside !== undefined && { [beside]: value(hour) }),
  }))
  return rawResponse(window, Buffer.from(JSON.stringify({ data: rows })), Date.parse(knownAt))
}

const seriesUrl = (day: string, more = ''): string =>
  `/series?s=${encodeURIComponent(name)}&from=${day}&to=${day}${more}`

/** `npm run browser` looks at everything, in each theme. */
const isWide = process.env.TIDEMARK_BROWSER !== undefined

describe('every page', () => {
  const all = [
    ...consolePages,
    seriesUrl('2025-10-27', '&view=table'),
    seriesUrl('2025-10-27', '&point=2025-10-26T23:00:00.000Z&known=2025-10-26T10:00:00.000Z'),
    `/catalogue?dataset=${dataset}`,
    '/operations?part=refused',
    '/operations?part=again',
    `/completeness?from=2025-10-20&to=2025-10-28&dataset=${dataset}&day=2025-10-27`,
    '/nowhere',
  ]
  test.for([
    { colorScheme: 'light', paths: isWide ? all : all.slice(0, consolePages.length + 2) },
    { colorScheme: 'dark', paths: isWide ? all : ['/', '/alerts', seriesUrl('2025-10-27')] },
  ] as const)('has no violation of axe and no error, $colorScheme', async ({ colorScheme, paths }, { skip }) => {
    if (browser === undefined) return skip()
    const { page, errors } = await openPage(browser, { colorScheme })
    for (const path of paths) {
      await page.goto(`${api.url}${path}`)
      await page.locator('main :is(h1, .state)').first().waitFor()
      await page.getByText('Loading…').first().waitFor({ state: 'detached' })
      expect(await violationsOf(page), path).toEqual([])
    }
    expect(errors).toEqual([])
    await page.context().close()
  })

  test('fits 360 pixels', async ({ skip }) => {
    if (browser === undefined) return skip()
    const { page } = await openPage(browser, { width: 360 })
    for (const path of [...consolePages, seriesUrl('2025-10-27')]) {
      await page.goto(`${api.url}${path}`)
      await page.getByText('Loading…').first().waitFor({ state: 'detached' })
      const widths = await page.evaluate('[document.documentElement.scrollWidth, innerWidth]')
      expect(widths, path).toEqual([360, 360])
      // The page that is shown stands in the line of pages, whole.
      const item = (await page.locator('nav [aria-current]').boundingBox()) ?? { x: -1, width: 0 }
      expect(item.x, path).toBeGreaterThanOrEqual(0)
      expect(item.x + item.width, path).toBeLessThanOrEqual(360)
    }
    await page.context().close()
  })

  test('has cards on 390 pixels whose cells have the names of their columns, and names that break in no word', async ({
    skip,
  }) => {
    if (browser === undefined) return skip()
    const { page } = await openPage(browser, { width: 390 })
    await page.goto(`${api.url}/changes?since=2025-10-28T00:00:00.000Z&until=2025-10-29T00:00:00.000Z&kind=revised`)
    const cells = page.locator('tbody tr').first().locator('td')
    await cells.first().waitFor()
    const labels = await page.evaluate(`[...document.querySelectorAll('tbody tr:first-child td')]
      .filter((cell) => cell.offsetHeight > 0).map((cell) => getComputedStyle(cell, '::before').content)`)
    const titles = ['Known at', 'Dataset', 'Key', 'Time', 'Before', 'Now', 'Change']
    expect(labels).toEqual(titles.map((title) => `"${title}"`))
    // jao.core.maxExchanges breaks after its dots alone.
    expect(await cells.nth(1).locator('wbr').count()).toBe(2)
    expect(await page.evaluate(`getComputedStyle(document.querySelector('tbody td')).overflowWrap`)).toBe('normal')
    await page.context().close()
  })
})

describe('a series', () => {
  test('has 25 and 23 hours on the days of the change of clocks, whatever the zone of the browser', async ({
    skip,
  }) => {
    if (browser === undefined) return skip()
    for (const timezoneId of isWide ? zones : zones.slice(2)) {
      const { page } = await openPage(browser, { timezoneId })
      await page.goto(`${api.url}${seriesUrl('2025-10-26', '&view=table')}`)
      await page.getByRole('row').nth(25).waitFor()
      expect(await page.getByRole('row').count(), timezoneId).toBe(26)
      const cells = (row: number) => page.getByRole('row').nth(row).locator('th, td').allTextContents()
      expect([await cells(3), await cells(4)], timezoneId).toEqual([
        ['2025-10-26 02:00', '00:00', '3', '20'],
        ['2025-10-26 02:00B', '01:00', '4', '30'],
      ])
      await page.goto(`${api.url}${seriesUrl('2025-03-30', '&view=table')}`)
      await page.getByRole('row').nth(23).waitFor()
      expect([await page.getByRole('row').count(), await cells(3)], timezoneId).toEqual([
        24,
        ['2025-03-30 03:00', '01:00', '3', '502'],
      ])
      await page.context().close()
    }
  })

  test('is as it was known where the slider stands, and the link shows the same', async ({ skip }) => {
    if (browser === undefined) return skip()
    const { page, errors } = await openPage(browser)
    await page.goto(`${api.url}${seriesUrl('2025-10-27', '&view=table')}`)
    const firstValue = page.getByRole('row').nth(1).getByRole('cell').nth(2)
    await expect.poll(() => firstValue.textContent()).toBe('130 first 100')
    const slider = page.getByRole('slider')
    await slider.focus()
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('ArrowLeft')
    await expect.poll(() => firstValue.textContent()).toBe('100')
    await expect.poll(() => page.url()).toContain('at=2025-10-26T09%3A00%3A00.000Z')
    const link = page.url()
    await page.goBack()
    await page.goto(link)
    await expect.poll(() => firstValue.textContent()).toBe('100')
    // An hour without a value is a word, never a 0.
    expect(await page.getByRole('row').nth(6).getByRole('cell').nth(2).textContent()).toBe('no value')
    expect(errors).toEqual([])
    await page.context().close()
  })

  test('as of the past says so, and how it differs from now, above the table; a link goes to now', async ({ skip }) => {
    if (browser === undefined) return skip()
    const { page, errors } = await openPage(browser)
    // Of 24 hours one has no value. 0 was 100 and is 130, 1 was 100 and is 131.
    await page.goto(`${api.url}${seriesUrl('2025-10-27', '&view=table&at=2025-10-26T09:30:00.000Z')}`)
    const asOf = page.getByRole('region', { name: 'As of' })
    await asOf.getByText('As of 2025-10-26 10:30:00 (Europe/Brussels)').waitFor()
    await asOf.getByText('23 values were known; the last change was at 10:00:00.').waitFor()
    await asOf
      .getByText(
        '2 of 24 values differ from what is known now; the largest is 2025-10-27 01:00: 100 MW then, 131 MW now.',
      )
      .waitFor()
    expect(await page.getByRole('row').nth(2).locator('th, td').allTextContents()).toEqual([
      ...['2025-10-27 01:00', '00:00', '2', '100', '131'],
    ])
    const [slider, table] = await Promise.all([asOf.boundingBox(), page.getByRole('table').boundingBox()])
    expect((slider?.y ?? 0) + (slider?.height ?? 0)).toBeLessThanOrEqual(table?.y ?? 0)
    await page.getByText('First known 2025-10-26 10:00:00.').waitFor()
    const field = asOf.locator('input[type=datetime-local]')
    const place = await field.boundingBox()
    await page.getByRole('link', { name: 'first publication' }).click()
    await asOf.getByText('2025-10-26 10:00:00: 24 values became known.').waitFor()
    await asOf.getByRole('link', { name: 'now' }).click()
    await expect.poll(() => new URL(page.url()).searchParams.get('at')).toBeNull()
    await expect.poll(() => page.getByRole('columnheader', { name: 'now' }).count()).toBe(0)
    await asOf.getByText('As of now').waitFor()
    expect(await field.boundingBox()).toEqual(place)
    // The row of the open hour stands out.
    await page.getByRole('button', { name: '2025-10-27 01:00' }).click()
    await expect.poll(() => page.locator('tr.chosen th').allTextContents()).toEqual(['2025-10-27 01:00'])
    await page.getByRole('button', { name: 'Show as chart' }).click()
    await page.locator('.chart canvas').waitFor()
    expect(errors).toEqual([])
    await page.context().close()
  })

  test('does not move under the pointer when a point or a day opens', async ({ skip }) => {
    if (browser === undefined) return skip()
    const { page } = await openPage(browser, { width: 920 })
    const box = async (thing: Locator) => {
      const { x, y, width, height } = (await thing.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 }
      return [x, y, width, height].map(Math.round)
    }
    await page.goto(`${api.url}${seriesUrl('2025-10-27')}`)
    const chart = page.locator('.chart canvas')
    await chart.waitFor()
    const [before = [], after] = [await box(chart), async () => box(chart)]
    await page.mouse.click((before[0] ?? 0) + 0.8 * (before[2] ?? 0), (before[1] ?? 0) + 50)
    await page.getByRole('region', { name: 'Point 2025-10-27' }).waitFor()
    expect(await after()).toEqual(before)
    await page.goto(`${api.url}/completeness?from=2025-10-01&to=2025-10-31`)
    const cell = page.getByRole('button', { name: `${dataset} 2025-10-29` })
    await cell.waitFor()
    const place = await box(cell)
    await cell.click()
    await page.getByRole('region', { name: `${dataset} on 2025-10-29` }).waitFor()
    expect(await box(cell)).toEqual(place)
    await page.context().close()
  })

  test('has a link that names its days and its instant, so that it shows the same tomorrow', async ({ skip }) => {
    if (browser === undefined) return skip()
    const { page } = await openPage(browser)
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.goto(`${api.url}${seriesUrl('2025-10-27', '&view=table').replace('&to=2025-10-27', '')}`)
    await page.getByRole('button', { name: 'Copy a link' }).click()
    await page.getByText('Copied.').waitFor()
    const link = new URL(String(await page.evaluate('navigator.clipboard.readText()')))
    const { from, to, at } = Object.fromEntries(link.searchParams)
    expect([from, to]).toEqual(['2025-10-27', '2025-10-28'])
    expect(Math.abs(Date.parse(at ?? '') - Date.now())).toBeLessThan(60_000)
    // As of an instant there is one more column, with what is known now.
    const cellsOf = (of: Page) => of.locator('tr').locator(':is(th, td):nth-child(-n+4)').allTextContents()
    const shown = await cellsOf(page)
    const tomorrow = await openPage(browser)
    await tomorrow.page.clock.setFixedTime(Date.now() + 24 * hourMs)
    await tomorrow.page.goto(link.href)
    await expect.poll(() => cellsOf(tomorrow.page)).toEqual(shown)
    for (const opened of [page, tomorrow.page]) await opened.context().close()
  })

  test('has a gap where an hour has no value: no line crosses it', async ({ skip }) => {
    if (browser === undefined) return skip()
    const { page } = await openPage(browser)
    await page.goto(`${api.url}${seriesUrl('2025-10-27')}`)
    await page.locator('.chart canvas').waitFor()
    // Which columns of the picture have the colour of the series, #0072b2, from the first one to the last.
    const read = async () =>
      (await page.evaluate(`(() => {
        const canvas = document.querySelector('.chart canvas')
        const { data, width, height } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
        const drawn = Array.from({ length: width }, (_, x) => {
          for (let y = 0; y < height; y++) {
            const at = 4 * (y * width + x)
            if (data[at] < 60 && Math.abs(data[at + 1] - 114) < 30 && Math.abs(data[at + 2] - 178) < 30 && data[at + 3] > 200) return true
          }
          return false
        })
        const first = drawn.indexOf(true)
        return drawn.slice(first, drawn.lastIndexOf(true) + 1)
      })()`)) as boolean[]
    await expect.poll(async () => (await read()).length).toBeGreaterThan(400)
    const columns = await read()
    const from = columns.indexOf(false)
    const to = columns.indexOf(true, from)
    expect(from / columns.length).toBeCloseTo(5 / 24, 2)
    expect(to / columns.length).toBeCloseTo(6 / 24, 2)
    expect(columns.slice(to).every((isDrawn) => isDrawn)).toBe(true)
    await page.context().close()
  })

  test('leads from a point of its chart to the bytes in two steps', async ({ skip }) => {
    if (browser === undefined) return skip()
    const { page } = await openPage(browser)
    await page.goto(`${api.url}${seriesUrl('2025-10-27')}`)
    const chart = page.getByRole('application')
    await chart.focus()
    await page.keyboard.press('Home')
    await expect.poll(() => page.locator('figcaption').textContent()).toContain('130 MW (first 100)')
    await page.keyboard.press('Enter')
    const panel = page.getByRole('region', { name: 'Point 2025-10-27 00:00' })
    await panel.getByRole('button', { name: 'Show' }).nth(1).click()
    await expect.poll(() => panel.locator('mark').textContent()).toBe('130')
    await panel.getByText('data[0].border_AT_BE').waitFor()
    await page.context().close()
  })
})

test('a revision is a line of the feed as soon as it is stored, without a reload', async ({ skip }) => {
  if (browser === undefined) return skip()
  const { page } = await openPage(browser)
  await page.goto(`${api.url}/changes?q=AT+BE`)
  await page.getByText('No value was revised or withdrawn').waitFor()
  const encode = await chain.registry.encoder('jao.raw', rawResponseSchema)
  const answer = dayAnswer('2025-10-26', new Date().toISOString(), (hour) => (hour === 7 ? 77 : hour * 10))
  await chain.producer.send('jao.raw', [{ key: answer.requestIdentity, value: encode(answer) }])
  const row = page.getByRole('row').nth(1)
  // Hour 7 of that day is 06:00 for the second time that clocks went back: 25 hours.
  await expect
    .poll(() => row.locator('td').allTextContents(), { timeout: 60_000 })
    .toEqual([expect.any(String), dataset, key, '2025-10-26 06:00', '70', '77 MW', '+7'])
  await page.context().close()
})

test('a dataset that is late is named with its times, and leads to its open day in the calendar', async ({ skip }) => {
  if (browser === undefined) return skip()
  const late = 'jao.core.lta'
  const tomorrow = addDays(dayAt(zone, Date.now()), 1)
  const { window } = businessDay(zone, tomorrow)
  const iso = (ms: number) => new Date(ms).toISOString()
  const hoursAgo = (hours: number) => iso(Date.now() - hours * hourMs)
  await insert(chain.store, 'schedule_log', 'dataset at schedule because host selectors by'.split(' '), [
    [late, hoursAgo(0), 'auto', 'declaration', 'jao.example', [], 'test'],
  ])
  const columns = 'dataset selector window_start window_end request_identity declared_at expected_by late_after steps'
  await insert(chain.store, 'expected_windows', columns.split(' '), [
    [
      ...[late, null, iso(window.startMs), iso(window.endMs), requestIdentity(late, window)],
      ...[hoursAgo(100), hoursAgo(2), hoursAgo(1.5), 96],
    ],
  ])
  const { page } = await openPage(browser)
  await page.goto(`${api.url}/`)
  await page
    .getByText(new RegExp(`${late} late since (\\S+ )?\\d\\d:\\d\\dB? \\(expected by .*, 30 minutes of grace\\)`))
    .waitFor()
  await page.getByRole('link', { name: late }).click()
  await page.getByRole('region', { name: `${late} on ${tomorrow}` }).waitFor()
  await page.getByText(`Wrong: ${late} 1 late`).waitFor()
  await page.context().close()
})

test('changes are of one kind: withdrawn, or revised', async ({ skip }) => {
  if (browser === undefined) return skip()
  const { page } = await openPage(browser)
  await page.goto(`${api.url}/changes?since=2025-10-28T00:00:00.000Z&until=2025-10-29T00:00:00.000Z`)
  const cells = () => page.locator('tbody tr').locator('td:nth-child(3), td:last-child').allTextContents()
  await expect.poll(cells).toHaveLength(4)
  await page.getByLabel('Kind').selectOption('withdrawn')
  await expect.poll(cells).toEqual(['border_AT_DE', 'withdrawn'])
  await page.getByLabel('Kind').selectOption('revised')
  await expect.poll(cells).toEqual([key, '+4'])
  await page.goto(`${api.url}/changes?since=2025-11-20T00:00:00.000Z&until=2025-11-21T00:00:00.000Z`)
  await page.getByText('No value was revised or withdrawn since 2025-11-20 01:00').waitFor()
  await page.context().close()
})

test('on Now what one answer changed of a series is one line, with its largest change', async ({ skip }) => {
  if (browser === undefined) return skip()
  const { page } = await openPage(browser)
  await page.goto(`${api.url}/?all=1&since=2025-10-26T00:00:00.000Z`)
  const row = page.getByRole('region', { name: 'What changed since' }).locator('tbody tr', { hasText: '2025-10-27' })
  await expect
    .poll(() => row.locator('td').allTextContents())
    .toEqual([
      ...['2025-10-26 11:00:00', dataset, key, '2 hours 2025-10-27 00:00 to 01:00, most at 01:00'],
      ...['100', '131 MW', '+31'],
    ])
  await row.getByRole('link', { name: '2 hours' }).click()
  await page.getByRole('region', { name: 'Point 2025-10-27 01:00' }).waitFor()
  await page.context().close()
})

test('now is what the clock of the server shows, also in a browser whose clock is wrong by years', async ({ skip }) => {
  if (browser === undefined) return skip()
  const { page } = await openPage(browser)
  await page.clock.setFixedTime('2031-05-05T05:05:05Z')
  await page.goto(`${api.url}/changes`)
  await page.getByRole('button', { name: '7 days' }).click()
  const since = Date.parse(new URL(page.url()).searchParams.get('since') ?? '')
  expect(Math.abs(Date.now() - 7 * 24 * hourMs - since)).toBeLessThan(60_000)
  await page.context().close()
})

test('datasets that have a series between two zones come first, in any order of the zones', async ({ skip }) => {
  if (browser === undefined) return skip()
  const { page } = await openPage(browser)
  for (const q of ['capacity AT BE', 'BE at capacity']) {
    await page.goto(`${api.url}/catalogue?q=${encodeURIComponent(q)}`)
    const first = page.locator('tbody th').first()
    await expect.poll(() => first.textContent()).toBe(dataset)
  }
  await page.context().close()
})

test('markets are ranked by their relative deviation, filters have the words of the table, polls may be empty', async ({
  skip,
}) => {
  if (browser === undefined) return skip()
  const { page } = await openPage(browser, { colorScheme: 'dark' })
  await page.goto(`${api.url}/markets`)
  const chosen = page.getByLabel('Rank by').locator('option:checked')
  await expect.poll(() => chosen.textContent()).toBe('standard deviation over the mean')
  // A placeholder is as dark or light as a hint, which axe has judged.
  const colours = `[getComputedStyle(document.querySelector('input[type=search]'), '::placeholder').color,
    getComputedStyle(document.querySelector('.state')).color]`
  const [placeholder, hint] = (await page.evaluate(colours)) as string[]
  expect(placeholder).toBe(hint)
  await page.goto(`${api.url}/catalogue`)
  await page.getByRole('heading', { name: 'datasets' }).waitFor()
  const words = await page.getByLabel('Collected').locator('option').allTextContents()
  expect(words).toEqual(['all', 'auto', 'on-demand', 'off'])
  expect(words).toEqual(expect.arrayContaining(await page.locator('tbody td:last-child').allTextContents()))
  await page.goto(`${api.url}/votes`)
  await page.locator('code', { hasText: 'npx tidemark ingest votes FILE' }).waitFor()
  await page.goto(`${api.url}/operations?part=refused`)
  await page.getByRole('button', { name: 'empty', exact: true }).click()
  await page.getByText('No poll of the last 24 hours was empty.').waitFor()
  await page.context().close()
})

test('the figure by which markets are ranked is in sight on 390 pixels', async ({ skip }) => {
  if (browser === undefined) return skip()
  const start = new Date(Math.floor(Date.now() / 1_000 - 60) * 1_000).toISOString()
  const sample = slice({
    dataset: 'kraken.ticker',
    key: 'XBTUSD.last',
    start,
    stepS: 10,
    values: [3, 4],
    knownAt: start,
  })
  await insertSlices(chain.store, [sample])
  for (const verb of ['WAIT', 'REFRESH', 'WAIT'])
    await chain.store.command({ query: `SYSTEM ${verb} VIEW tidemark.fill_market_turns` })
  const { page } = await openPage(browser, { width: 390 })
  await page.goto(`${api.url}/markets`)
  for (const [order, title] of [
    ['relative', 'Of the mean'],
    ['deviation', 'Deviation'],
  ] as const) {
    await page.getByLabel('Rank by').selectOption(order)
    const header = page.getByRole('columnheader').nth(2)
    await expect.poll(() => header.textContent()).toBe(title)
    const { x, width } = (await header.boundingBox()) ?? { x: 400, width: 0 }
    expect(x + width, title).toBeLessThanOrEqual(390)
  }
  await page.context().close()
})

test('an address that a page cannot show is said, and other pages work', async ({ skip }) => {
  if (browser === undefined) return skip()
  const { page } = await openPage(browser)
  for (const query of [
    'since=-271821-04-20',
    'since=%2B275760-09-13',
    'since=yesterday&minSize=many&sort=3&tz=Mars/Base',
  ]) {
    await page.goto(`${api.url}/changes?${query}`)
    await page.getByRole('heading', { name: 'Changes' }).waitFor()
    await page.getByRole('link', { name: 'Votes' }).click()
    await page.getByRole('heading', { name: 'Votes', level: 1 }).waitFor()
    expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1)
  }
  await page.context().close()
})

test('a series is found by its zones, in their order, and chosen by Enter', async ({ skip }) => {
  if (browser === undefined) return skip()
  const { page } = await openPage(browser)
  await page.goto(`${api.url}/series`)
  await page.getByLabel('Add a series').fill('at be max')
  await page.locator('.found button').first().waitFor()
  await page.keyboard.press('Enter')
  await expect.poll(() => new URL(page.url()).searchParams.get('s')).toBe(name)
  await page.context().close()
})

test('on Now, Enter takes the first hit also before it is there, of zones in any notation', async ({ skip }) => {
  if (browser === undefined) return skip()
  const { page } = await openPage(browser)
  for (const words of ['Austria Belgium', 'AT>BE', 'at→be']) {
    await page.goto(`${api.url}/`)
    await page.getByLabel('Look at a series').fill(words)
    await page.keyboard.press('Enter')
    await expect.poll(() => new URL(page.url()).searchParams.get('s'), { message: words }).toBe(name)
  }
  await page.context().close()
})

test('the keyboard goes to pages and to the search, and back works', async ({ skip }) => {
  if (browser === undefined) return skip()
  const { page } = await openPage(browser)
  await page.goto(`${api.url}/`)
  await page.getByRole('heading', { name: 'Now' }).waitFor()
  await page.keyboard.press('g')
  await page.keyboard.press('d')
  await page.getByRole('heading', { name: 'Catalogue' }).waitFor()
  await page.keyboard.press('/')
  await page.keyboard.type('maxExchanges')
  await page.getByRole('link', { name: dataset, exact: true }).waitFor()
  expect(new URL(page.url()).search).toBe('?q=maxExchanges')
  await page.goBack()
  await page.getByRole('heading', { name: 'Now' }).waitFor()
  await page.context().close()
})

test('a server that goes away is said, and what comes back is shown without a reload', async ({ skip }) => {
  if (browser === undefined) return skip()
  const { page } = await openPage(browser)
  const passing = await startApi(chain)
  const { port } = new URL(passing.url)
  await page.goto(`${passing.url}/operations`)
  await page.getByText('clickhouse', { exact: false }).first().waitFor()
  process.kill(passing.pid, 'SIGKILL')
  await page.getByRole('alert').getByText('tidemark does not answer since').waitFor()
  // A page that was never loaded waits for it, too.
  await page.getByRole('link', { name: 'Votes' }).click()
  await page.getByText('This page comes by itself as soon as tidemark answers.').waitFor()
  await startApi(chain, { API_PORT: port })
  await page.getByRole('heading', { name: 'Votes' }).waitFor()
  await page.getByText('tidemark does not answer since').waitFor({ state: 'detached' })
  await page.context().close()
})

test('a reader sees operations and changes nothing; an operator logs in, and a change says its command', async ({
  skip,
}) => {
  if (browser === undefined) return skip()
  const { page } = await openPage(browser)
  await page.goto(`${api.url}/operations?part=again`)
  await page.getByLabel('Dataset').selectOption(dataset)
  const replay = page.getByRole('button', { name: 'Replay', exact: true })
  await expect.poll(() => replay.isDisabled()).toBe(true)
  const { authorization } = await api.as({ role: 'operator' })
  await page.getByLabel('Token').fill(authorization.replace('Bearer ', ''))
  await page.getByRole('button', { name: 'Log in' }).click()
  await expect.poll(() => replay.isEnabled()).toBe(true)
  await replay.click()
  await page.getByText(`npx tidemark replay ${dataset}`).waitFor()
  expect(await violationsOf(page)).toEqual([])
  await page.context().close()
})

test('alerts: what fires, a rule tested on the past by a reader, saved by an operator', async ({ skip }) => {
  if (browser === undefined) return skip()
  const yesterday = addDays(dayAt(zone, Date.now()), -1)
  const { startMs } = businessDay(zone, yesterday).window
  const tomorrow = new Date(businessDay(zone, addDays(yesterday, 2)).window.startMs).toISOString()
  const known = new Date(startMs - 12 * hourMs).toISOString()
  const encode = await chain.registry.encoder('jao.raw', rawResponseSchema)
  const answer = dayAnswer(yesterday, known, (hour) => (hour >= 3 && hour < 6 ? 400 : 100))
  await chain.producer.send('jao.raw', [{ key: answer.requestIdentity, value: encode(answer) }])
  await chain.settled()
  const rule = {
    ...{ id: 'high-border', title: 'The border is high', owner: 'desk', of: { dataset, key } },
    when: { value: '>', than: 500 },
  }
  const operator = await api.as({ role: 'operator' })
  // The API follows the tokens by itself.
  await expect.poll(async () => (await api.get('session', { headers: operator })).status).toBe(200)
  await api.json('alerts/rules/high-border', {
    ...{ method: 'PUT', body: JSON.stringify({ rule, why: 'a trial' }) },
    headers: { 'content-type': 'application/json', ...operator },
  })
  await chain.store.command({
    query: `INSERT INTO tidemark.alert_events (id, kind, rule_id, rule_version, title, owner, severity, dataset, key, unit,
      onset_at, point_at, value, compared, known_at, at)
      VALUES ('0123456789abcdef', 'firing', 'high-border', 1, 'The border is high', 'desk', 'warning', '${dataset}', '${key}',
      'MW', '2025-10-27 01:00:00', '2025-10-27 01:00:00', 640, 640, '2025-10-26 10:00:00', '2025-10-26 10:00:01'),
      ('1123456789abcdef', 'happened', 'jump', 1, 'A border jumps', 'desk', 'critical', '${dataset}', '${key}', 'MW',
      '${tomorrow.replace('T', ' ').replace('Z', '')}', now64(3), 1234, 4218, now64(3), now64(3)),
      ('2123456789abcdef', 'unknown', 'jump', 1, 'A border jumps', 'desk', 'info', '${dataset}', '', 'MW',
      '2025-10-27 01:00:00', now64(3), NULL, NULL, now64(3), now64(3))`,
  })
  const { page, errors } = await openPage(browser)
  await page.goto(`${api.url}/`)
  const lines = page.getByRole('region', { name: 'Alerts' }).getByRole('listitem')
  const day = dayAt(zone, Date.parse(tomorrow))
  const told = `told (${dayAt(zone, Date.now())} )?\\d\\d:\\d\\dB?`
  await expect
    .poll(() => lines.allTextContents())
    .toEqual([
      expect.stringMatching(`^critical A border jumps: happened, ${dataset} ${key}, ${told}, for ${day} 00:00$`),
      expect.stringMatching(`fires, ${dataset} ${key}, told 2025-10-26 11:00, for 2025-10-27 02:00 and on$`),
      expect.stringMatching(
        `^info A border jumps: unknown: data is missing, ${dataset}, ${told}, since 2025-10-27 02:00$`,
      ),
    ])
  await page.getByRole('button', { name: 'I have seen it' }).click()
  // What fires goes on; what happened was seen.
  await expect.poll(() => lines.count()).toBe(2)
  const since = await page.getByRole('heading', { name: 'What changed since' }).textContent()
  await page.keyboard.press('g')
  await page.keyboard.press('v')
  await page.getByRole('heading', { name: 'Votes', level: 1 }).waitFor()
  await page.keyboard.press('g')
  await page.keyboard.press('n')
  await page.getByRole('heading', { name: String(since) }).waitFor()
  expect(new URL(page.url()).search).toBe('')
  await page.keyboard.press('g')
  await page.keyboard.press('a')
  const firing = page.getByRole('region', { name: 'Now, and in the last 24 hours' })
  const cellsOf = (row: number) => firing.getByRole('row').nth(row).locator('td').allTextContents()
  await expect
    .poll(() => cellsOf(2))
    .toEqual([
      ...['The border is high', 'warning', 'fires', `${dataset} ${key}`],
      ...['2025-10-26 11:00', 'for 2025-10-27 02:00 and on', '640 MW'],
    ])
  expect((await cellsOf(1)).slice(5)).toEqual([`for ${day} 00:00`, '1234 MW (compared 4218)'])
  const series = await firing.getByRole('row').nth(2).getByRole('link', { name: key }).getAttribute('href')
  expect(new URL(series ?? '', api.url).searchParams.get('point')).toBe('2025-10-27T01:00:00.000Z')
  await page.getByRole('rowheader', { name: 'The border is high' }).getByRole('link').click()
  await page.getByText('the value is more than 500 (tells nobody: it is only in the history)').waitFor()
  const panel = page.getByRole('region', { name: 'The border is high' })
  await panel.getByRole('button', { name: 'By what is known now' }).click()
  await panel.getByText('It would not have alerted').waitFor()
  const text = panel.getByLabel('The rule as JSON')
  await text.fill('{ "id": ')
  await panel.getByText('This is not JSON').waitFor()
  await text.fill(JSON.stringify({ ...rule, when: { value: '>', than: 300 } }))
  await panel.getByRole('button', { name: 'As it was known' }).click()
  await panel.getByText('It would have alerted once, 3 h in all, 3 h at most.').waitFor()
  await expect.poll(() => panel.locator('.timeline rect').count()).toBe(1)
  await panel.getByText('that is what you would have been told').waitFor()
  // Of a revision only what was known can be told, and of windows nothing.
  const tests = panel.getByRole('button', { name: 'known' })
  await text.fill(JSON.stringify({ ...rule, when: { revision: '>', than: 300 } }))
  await expect.poll(() => tests.allTextContents()).toEqual(['As it was known'])
  await text.fill(JSON.stringify({ ...rule, when: { becomes: 'late' } }))
  await expect.poll(() => tests.count()).toBe(0)
  await panel.getByText('A rule about windows cannot be tested on the past').waitFor()
  expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({ rule: 'high-border', test: 'then' })
  // A reader sees it all, and saves nothing.
  for (const name of ['Save', 'Delete'])
    expect(await panel.getByRole('button', { name, exact: true }).isDisabled(), name).toBe(true)
  await panel.getByRole('button', { name: '2025-10-26' }).click()
  await panel.getByText('It was told to nobody').waitFor()
  expect(await violationsOf(page)).toEqual([])
  const link = page.url()
  const dark = await openPage(browser, { colorScheme: 'dark', width: 360 })
  await dark.page.goto(link)
  await dark.page.getByText('It would not have alerted').waitFor()
  expect(await violationsOf(dark.page)).toEqual([])
  expect(await dark.page.evaluate('[document.documentElement.scrollWidth, innerWidth]')).toEqual([360, 360])
  await dark.page.context().close()
  // The chart of the series has a bar for it, and its list leads to the rule.
  const days = 'from=2025-10-27&to=2025-10-27'
  await page.goto(`${api.url}/series?s=${encodeURIComponent(`${dataset}/${key}`)}&${days}`)
  const marks = page.getByRole('region', { name: 'Alerts', exact: true })
  await marks.getByText(`${dataset} ${key}, 2025-10-27 02:00 and on`).waitFor()
  const barPixels = `(() => {
    const canvas = document.querySelector('.chart canvas')
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, 40)
    let count = 0
    for (let at = 0; at < data.length; at += 4)
      if (data[at] === 138 && data[at + 1] === 83 && data[at + 2] === 0) count++
    return count
  })()`
  // 22 of 24 hours of a chart of some hundred pixels, five pixels high, in the colour of a warning.
  await expect.poll(() => page.evaluate(barPixels)).toBeGreaterThan(1_000)
  await marks.getByRole('link', { name: 'The border is high' }).click()
  await page.getByRole('region', { name: 'The border is high' }).waitFor()
  await page.goto(`${api.url}/operations`)
  await page.getByLabel('Token').fill(operator.authorization.replace('Bearer ', ''))
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByText('with the rights of operator').waitFor()
  await page.goto(`${api.url}/alerts?rule=high-border`)
  await text.fill(JSON.stringify({ ...rule, when: { value: '>', than: 300 } }))
  await panel.getByRole('button', { name: 'Save', exact: true }).click()
  await panel.getByText('npx tidemark alerts set FILE').waitFor()
  await panel.getByLabel('Reason, for the audit').fill('it was too high')
  await panel.getByRole('button', { name: 'Save', exact: true }).click()
  await panel.getByText('the value is more than 300').first().waitFor()
  await panel.getByText('Version 2').waitFor()
  const silences = page.getByRole('region', { name: 'Silences' })
  await silences.getByLabel('Rule').fill('high-*')
  await silences.getByRole('button', { name: 'Silence' }).click()
  await silences.getByLabel('Reason, for the audit').fill('works at the border')
  await silences.getByRole('button', { name: 'Silence', exact: true }).click()
  await silences.getByRole('rowheader', { name: 'high-*' }).waitFor()
  expect(await violationsOf(page)).toEqual([])
  expect(errors).toEqual([])
  await page.context().close()
})

test('the text of a rule that one writes stays while the rules cannot be read', async ({ skip }) => {
  if (browser === undefined) return skip()
  const { page } = await openPage(browser)
  await page.clock.install()
  await page.goto(`${api.url}/alerts?rule=%2B`)
  const text = page.getByLabel('The rule as JSON')
  await text.fill('{ "id": "mine" }')
  await page.route('**/api/v1/alerts/rules', (route) => route.fulfill({ status: 503, json: { title: 'Not now' } }))
  await page.clock.fastForward(11_000)
  await page.getByRole('alert').getByText('Not now').waitFor()
  expect(await text.inputValue()).toBe('{ "id": "mine" }')
  await page.context().close()
})

test('a rule that cannot judge says so in the list of rules, since when and why', async ({ skip }) => {
  if (browser === undefined) return skip()
  const { page } = await openPage(browser)
  const rule = {
    ...{ id: 'price', version: 1, says: 'the value is more than 9', owner: 'desk', why: '', changedBy: 'me' },
    ...{ changedAt: '2026-11-01T00:00:00.000Z', rule: { title: 'A price', of: { dataset: 'kraken.*' } }, query: null },
    unknown: [{ dataset: 'kraken.ticker', onsetAt: '2026-11-28T09:30:00.000Z', detail: 'late: upstream-down' }],
  }
  await page.route('**/api/v1/alerts/rules', (route) => route.fulfill({ json: { data: [rule] } }))
  await page.goto(`${api.url}/alerts`)
  const rules = page.getByRole('region', { name: 'Rules' })
  await rules.getByText('It is unknown on kraken.ticker since 2026-11-28 10:30: late: upstream-down.').waitFor()
  expect(await violationsOf(page)).toEqual([])
  await page.context().close()
})
