import { Command } from 'commander'
import { suggestSimilar } from '#core/suggest-similar.ts'
import { liftPause, type Pause } from '#operations/poller/lift-pause.ts'
import type { PollerStatus } from '#operations/poller/status.ts'
import { printable } from '#platform/process/printable.ts'
import { UserError } from '#platform/process/user-error.ts'
import { whoAmI } from '#platform/process/who.ts'
import { abortWhenStackStops } from './abort-when-stack-stops.ts'
import { dataDirectory, dataOptionFor, findRunningStack } from './directories.ts'
import { pollerStatus } from './poller-status.ts'
import { connectTo } from './stack-clients.ts'

interface ResumeOptions {
  data?: string
  json?: boolean
}

const goneAfterMs = 10_000

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
  await abortWhenStackStops(stack, goneAfterMs, async () => {
    const host = hostNamed(await pollerStatus(stack), named)
    const { kafka, registry, store } = connectTo(stack, 'resume')
    const parts = { kafka, registry, pollerStatus: () => pollerStatus(stack) }
    const { pause, isConfirmed } = await liftPause(parts, host, whoAmI()).finally(() => store.close())
    if (!isConfirmed) {
      const hint = `\`npx tidemark status${dataOptionFor(stack)}\``
      throw new UserError(
        `The pause of ${host} is lifted, but the poller has not said so yet: ${hint} shows its state.`,
      )
    }
    const lifted = pause !== null
    const text = `${toldOf(host, pause)}\n`
    process.stdout.write(options.json ? `${JSON.stringify({ host, lifted, pause: pause ?? null })}\n` : text)
  })
}

function toldOf(host: string, pause: Pause): string {
  if (pause === null) return `${host} is not paused: nothing to do`
  if (pause === undefined) return `another poller asks ${host}: a pause up to now is lifted there`
  return `${host} is asked again; it was to be left alone until ${pause.until}: ${printable(pause.reason)}`
}

/** Returns the host with this name, or the host of the source with this name. @throws UserError if there is no host */
export function hostNamed({ datasets }: Pick<PollerStatus, 'datasets'>, named: string): string {
  const hosts = new Set(datasets.map(({ host }) => host))
  const ofSource = datasets.find(({ dataset }) => dataset.split('.')[0] === named)?.host
  if (hosts.has(named)) return named
  if (ofSource !== undefined) return ofSource
  const shown = printable(named.slice(0, 200))
  throw new UserError(
    `There is no host or source ${shown}; there is: ${suggestSimilar(named, [...hosts], 10).join(', ')}.`,
  )
}
