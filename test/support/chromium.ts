import { existsSync } from 'node:fs'
import AxeBuilder from '@axe-core/playwright'
import { type Browser, chromium, type Page } from 'playwright-core'

/**
 * Starts a Chromium: the one of CHROMIUM_PATH, or the one of the package @sparticuz/chromium, which is for Linux on x64.
 * Returns undefined elsewhere, and says so aloud.
 */
export async function startBrowser(): Promise<Browser | undefined> {
  const { CHROMIUM_PATH: own } = process.env
  if (own !== undefined && existsSync(own)) return chromium.launch({ executablePath: own })
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    process.stdout.write('NOT TESTED: the console in a browser. Set CHROMIUM_PATH to a Chromium on this machine.\n')
    return undefined
  }
  const { default: packaged } = await import('@sparticuz/chromium')
  // In a single process, a second context ends the browser. Without web security, pages of other sites could read ours.
  const unwanted = new Set(['--single-process', '--disable-web-security'])
  const args = packaged.args.filter((flag) => !unwanted.has(flag))
  return chromium.launch({ executablePath: await packaged.executablePath(), args })
}

/** A page of the console, with what went wrong in it. */
export interface WatchedPage {
  page: Page
  /** Errors of scripts, and what the browser refused. */
  errors: string[]
}

export interface Look {
  timezoneId?: string
  colorScheme?: 'light' | 'dark'
  width?: number
}

/** Opens a page in a context of its own, with a reader's zone and theme. */
export async function openPage(
  browser: Browser,
  { timezoneId, colorScheme, width = 1_280 }: Look = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    locale: 'en-GB',
    reducedMotion: 'reduce',
    ...(timezoneId !== undefined && { timezoneId }),
    ...(colorScheme !== undefined && { colorScheme }),
  })
  const page = await context.newPage()
  page.setDefaultTimeout(60_000)
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => {
    // A question that the API refuses is a line here, too, and the page shows it.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) errors.push(message.text())
  })
  return { page, errors }
}

/** Returns what axe finds wrong on a page: rule, and the elements. */
export async function violationsOf(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`)
}
