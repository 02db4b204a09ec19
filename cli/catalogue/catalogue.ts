import { Command } from 'commander'
import { diff } from './diff.ts'
import { exportCommand } from './export.ts'
import { list } from './list.ts'
import { search } from './search.ts'
import { show } from './show.ts'

export const catalogue = (): Command => {
  const command = new Command('catalogue').description(
    'what is collected: by source, by any word, or all of one dataset; for other tools; and what changed',
  )
  command.addCommand(list(), { isDefault: true })
  for (const part of [search, show, exportCommand, diff]) command.addCommand(part())
  return command
}
