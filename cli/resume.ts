import { Command } from 'commander'
import { requestLift } from '#core/request-windows.ts'
import type { StackFile } from '#local/stack-file.ts'
import { printable } from '#platform/process/printable.ts'
import { Problem } from '#platform/process/problem.ts'
import { pause } from '#platform/process/retry.ts'
import { whoAmI } from '#platform/process/who.ts'
import { dataDirectory, dataOptionFor, findRunningStack } from './directories.ts'
import { mostAlike } from './most-alike.ts'
import { type PollerStatus, pollerStatus } from './poller-status.ts'
import { connectTo } from './stack-clients.ts'
import { whileStackRuns } from './stack-gone.ts'

interface ResumeOptions {
  data?: string
  json?: boolean
}

/** A stack that is stopped and started at once is away for less. */
const goneAfterMs = 10_000
const patienceMs = 30_000
const lookEveryMs = 200
/** The end of a pause is told anew each time, and may differ by some ms. */
const sameEndMs = 1_000

export const resume = (): Command =>
  new Command('resume')
    .description('ask a host again that upstream wants left alone, before its pause is over')
    .argument('<host>', 'as `tidemark status` names it: api.binance.com; or the source that asks there: binance')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print what came of it as JSON')
    .addHelpText(
      'after',
      '\nA ban often lasts longer when it is not heeded. Where upstream asks for a pause once more, there is one once more.',
    )
    .action(run)

async function run(named: string, options: ResumeOptions): Promise<void> {
  const stack = findRunningStack(options.data)
  await whileStackRuns(stack, goneAfterMs, async () => {
    const status = await pollerStatus(stack)
    const host = hostNamed(status, named)
    const pause = pauseOf(status, host)
    if (pause !== null) await lift(stack, host, pause)
    const lifted = pause !== null
    const text = `${toldOf(host, pause)}\n`
    process.stdout.write(options.json ? `${JSON.stringify({ host, lifted, pause: pause ?? null })}\n` : text)
  })
}

/** The pause of a host. null: there is none; undefined: another poller knows. */
type Pause = { until: string; reason: string } | null | undefined

function toldOf(host: string, pause: Pause): string {
  if (pause === null) return `${host} is not paused: nothing to do`
  if (pause === undefined) return `another poller asks ${host}: a pause up to now is lifted there`
  return `${host} is asked again; it was to be left alone until ${pause.until}: ${printable(pause.reason)}`
}

/** The host of that name, or of the source of that name. @throws Problem when no dataset is asked for there */
export function hostNamed({ datasets }: Pick<PollerStatus, 'datasets'>, named: string): string {
  const hosts = new Set(datasets.map(({ host }) => host))
  const ofSource = datasets.find(({ dataset }) => dataset.split('.')[0] === named)?.host
  if (hosts.has(named)) return named
  if (ofSource !== undefined) return ofSource
  const shown = printable(named.slice(0, 200))
  throw new Problem(`There is no host or source ${shown}; there is: ${mostAlike(named, [...hosts], 10).join(', ')}.`)
}

function pauseOf({ budgets }: PollerStatus, host: string): Pause {
  const budget = budgets.find((one) => one.host === host)
  if (budget === undefined) return undefined
  return budget.pausedUntil === null ? null : { until: budget.pausedUntil, reason: budget.pauseReason ?? 'not stated' }
}

/** Says so on the topic, and waits until the poller has heard of it, where it is the one that asks the host. */
async function lift(stack: StackFile, host: string, lifted: NonNullable<Pause> | undefined): Promise<void> {
  const { kafka, registry, store } = connectTo(stack, 'resume')
  await requestLift(kafka, registry, host, whoAmI()).finally(() => store.close())
  if (lifted === undefined) return
  for (const endMs = Date.now() + patienceMs; ; await pause(lookEveryMs)) {
    const status = await pollerStatus(stack).catch(() => undefined)
    const now = status?.budgets.find((one) => one.host === host)
    // A pause with another end is a new one: upstream was asked, and said it again.
    const isOver = now?.pausedUntil === null || isOtherEnd(now?.pausedUntil, lifted.until)
    if (now !== undefined && isOver) return
    if (Date.now() > endMs) {
      const hint = `\`npx tidemark status${dataOptionFor(stack)}\``
      throw new Problem(`The pause of ${host} is lifted, but the poller has not said so yet: ${hint} shows its state.`)
    }
  }
}

const isOtherEnd = (one: string | undefined, other: string): boolean =>
  one !== undefined && Math.abs(Date.parse(one) - Date.parse(other)) > sameEndMs
