import { Command } from 'commander'
import { drop } from './drop.ts'
import { list } from './list.ts'
import { release } from './release.ts'
import { requeue } from './requeue.ts'
import { show } from './show.ts'

export const dlq = (): Command => {
  const command = new Command('dlq').description('dead letters: what was refused, why, and what to do with it')
  for (const part of [list, show, requeue, drop, release]) command.addCommand(part())
  return command
}
