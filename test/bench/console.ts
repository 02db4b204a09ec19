// Measures the console in a real Chromium: the first chart, the as-of slider while it is dragged, and 2,000 markets while
// they are scrolled.
import type { Browser, Page } from 'playwright-core'
import { rawResponseSchema } from '#schemas/generated/records.ts'
import { addDays, businessDay, dayAt } from '#simulator/jao/calendar.ts'
import { createUpstream } from '#simulator/jao/upstream.ts'
import { startApi } from '../integrity/api-parts.ts'
import { type Chain, dataset, eventually, startChain } from '../integrity/whole-chain.ts'
import { openPage, startBrowser } from '../support/chromium.ts'
import { rawResponse } from '../support/raw-responses.ts'
import { percentile } from './store-queries.ts'

type Figures = Record<string, number>

const days = 31
const markets = 2_000
const slowFrameMs = 50

export async function measureConsole(tell: (line: string) => void): Promise<Figures> {
  const browser = await startBrowser()
  if (browser === undefined) return {}
  const chain = await startChain()
  try {
    const lastDay = dayAt(Date.now())
    await loadDays(chain, lastDay)
    await loadMarkets(chain)
    const { url } = await startApi(chain)
    tell(`${days} days of 132 borders, each revised, and ${markets} markets are stored`)
    const month = `from=${addDays(lastDay, 1 - days)}&to=${lastDay}`
    const series = `${url}/series?s=${encodeURIComponent(`${dataset}/border_AT_BE`)}`
    return {
      console_now_first_content_ms: await firstMs(browser, `${url}/`, 'table td'),
      console_first_chart_of_a_day_ms: await firstMs(
        browser,
        `${series}&from=${lastDay}&to=${lastDay}`,
        '.chart canvas',
      ),
      console_first_chart_of_a_month_ms: await firstMs(browser, `${series}&${month}`, '.chart canvas'),
      ...(await dragSlider(browser, `${series}&${month}`)),
      ...(await scrollMarkets(browser, `${url}/markets`)),
    }
  } finally {
    await browser.close()
    await chain.stop()
  }
}

/** Each day is answered twice. The second answer changes the values of an hour. */
async function loadDays(chain: Chain, lastDay: string): Promise<void> {
  const upstream = createUpstream(1)
  const encode = await chain.registry.encoder('jao.raw', rawResponseSchema)
  for (let day = addDays(lastDay, 1 - days); day <= lastDay; day = addDays(day, 1)) {
    const window = businessDay(day)
    const first = upstream.body(window.startMs, window.endMs, Date.parse('2027-01-01T00:00:00Z'))
    const second = Buffer.from(
      first.toString().replace(/"border_AT_BE":(\d+)/, (_, mw) => `"border_AT_BE":${Number(mw) + 7}`),
    )
    for (const [index, body] of [first, second].entries()) {
      const raw = rawResponse(window, body, window.startMs - (14 - index) * 3_600_000)
      await chain.producer.send('jao.raw', [{ key: raw.requestIdentity, value: encode(raw) }], { compress: true })
    }
  }
  await chain.settled(600_000)
}

async function loadMarkets(chain: Chain): Promise<void> {
  const samples = 60
  await chain.store.command({
    query: `
INSERT INTO tidemark.slices
WITH number % ${markets} AS market, toUnixTimestamp(now()) - 10 * (intDiv(number, ${markets}) + 1) AS at
SELECT
  'kraken.ticker' AS dataset, concat('MARKET', toString(market), '.last') AS key,
  at * 1000 AS window_start_ms, at * 1000 + 10000 AS window_end_ms, at * 1000 AS start_ms, 10 AS step_s,
  [toFloat64(100 + market + cityHash64(number) % 100)] AS told, at * 1000 + 200 AS known_at_ms,
  NULL AS upstream_modified_at_ms, 1 AS transform_version, [] AS flags, 'simulated' AS origin, 0 AS raw_partition,
  at AS raw_offset, 1 AS identity
FROM numbers(${markets * samples})`,
  })
  await eventually('the markets are ranked', async () => {
    const [row] = await chain.query<{ found: string }>(
      'SELECT toString(uniq(market)) AS found FROM tidemark.market_24h',
    )
    return Number(row?.found) === markets ? true : undefined
  })
}

/** Returns ms from the navigation of a new browser context to the frame in which the element stands. */
async function firstMs(browser: Browser, url: string, selector: string): Promise<number> {
  const tookMs: number[] = []
  for (let round = 0; round < 5; round++) {
    const { page } = await openPage(browser)
    await page.addInitScript(`
      const look = () => document.querySelector(${JSON.stringify(selector)})
        ? requestAnimationFrame(() => { window.shownMs = performance.now() })
        : requestAnimationFrame(look)
      look()`)
    await page.goto(url)
    // The page allows no code from text, so it is asked again and again.
    const shown = await eventually(
      `${selector} is shown`,
      async () => Number((await page.evaluate('window.shownMs')) ?? 0) || undefined,
    )
    tookMs.push(shown)
    await page.context().close()
  }
  return Math.round(percentile(tookMs, 0.5))
}

async function dragSlider(browser: Browser, url: string): Promise<Figures> {
  const { page } = await openPage(browser)
  await page.goto(url)
  await page.locator('input[type=range]').waitFor()
  await page.locator('.chart canvas').waitFor()
  const tookMs = (await page.evaluate(`(async () => {
    const slider = document.querySelector('input[type=range]')
    const frame = () => new Promise(requestAnimationFrame)
    const took = []
    for (let place = Number(slider.max); place >= 0; place--) {
      const startedMs = performance.now()
      slider.value = String(place)
      slider.dispatchEvent(new Event('input', { bubbles: true }))
      await frame()
      await frame()
      took.push(performance.now() - startedMs)
    }
    return took
  })()`)) as number[]
  await page.context().close()
  return {
    console_slider_stops: tookMs.length,
    console_slider_p50_ms: Math.round(percentile(tookMs, 0.5)),
    console_slider_p95_ms: Math.round(percentile(tookMs, 0.95)),
  }
}

async function scrollMarkets(browser: Browser, url: string): Promise<Figures> {
  const { page } = await openPage(browser)
  await page.goto(url)
  await page.locator('.long tbody tr').nth(5).waitFor()
  const frames = await scrolled(page)
  const rows = Number(await page.locator('.long table').getAttribute('aria-rowcount')) - 1
  await page.context().close()
  return {
    console_markets: rows,
    console_scroll_frames: frames.length,
    console_scroll_p95_ms: Math.round(percentile(frames, 0.95)),
    console_scroll_longest_ms: Math.round(percentile(frames, 1)),
    [`console_scroll_frames_over_${slowFrameMs}_ms`]: frames.filter((ms) => ms > slowFrameMs).length,
  }
}

/** Scrolls the list to its end, 120 pixels a frame, and returns how long each frame took, ms. */
const scrolled = async (page: Page): Promise<number[]> =>
  (await page.evaluate(`(async () => {
    const box = document.querySelector('.long')
    const took = []
    let before = await new Promise(requestAnimationFrame)
    while (box.scrollTop + box.clientHeight < box.scrollHeight - 1) {
      box.scrollTop += 120
      const now = await new Promise(requestAnimationFrame)
      took.push(now - before)
      before = now
    }
    return took
  })()`)) as number[]
